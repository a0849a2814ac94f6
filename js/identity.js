// Names (docs/format.md 3): issuer ids, origins, and the identity of a ledger, which is all that a
// verifier trusts.

import { quote, refuse } from "./refused.js";

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SEGMENT = /^[a-z0-9._-]+$/;

export function isDnsName(text) {
  const labels = text.split(".");
  return text.length <= 253 && labels.length >= 2 && labels.every((label) => LABEL.test(label));
}

export function isOrigin(text) {
  const [host, ...segments] = text.split("/");
  return text.length <= 255 && isDnsName(host) && segments.every((name) => SEGMENT.test(name));
}

export function hostOf(origin) {
  return origin.split("/")[0];
}

/** `<origin>+<64 hex of the ledger id>`, in this one spelling. @param {string} text */
export function parseIdentity(text) {
  const [, origin, ledger] = /^([^+]+)\+([0-9a-f]{64})$/.exec(text) ?? [];
  if (!origin || !isOrigin(origin)) {
    refuse("origin", `${quote(text)}: not an origin, + and the 64 hex digits of a ledger id`);
  }
  return { origin, ledger };
}
