// Verifier keys: who signs a note, in one line (docs/format.md 8.5).

import { fromBase64, toHex, toUtf8 } from "./bytes.js";
import { checkKey } from "./ed25519.js";
import { must, quote } from "./refused.js";
import { sha256 } from "./sha256.js";

export const ED25519 = 0x01;
export const ED25519_COSIGNATURE = 0x04;
export const ML_DSA_44_COSIGNATURE = 0x06;

const LENGTHS = new Map([
  [ED25519, 32],
  [ED25519_COSIGNATURE, 32],
  [ML_DSA_44_COSIGNATURE, 1312],
]);

/** The key of that name, with the id that its lines go by. @param {Uint8Array} key */
export function verifierKey(name, type, key) {
  const id = sha256(toUtf8(name), Uint8Array.of(0x0a, type), key).subarray(0, 4);
  return { name, type, key, id };
}

/** `<name>+<key id>+<base64>`, in its one spelling. @param {string} text */
export function parseVerifierKey(text) {
  const bad = (holds, message) => must(holds, "verifier-key", `verifier key: ${message}`);
  const [, name, id, base64] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text) ?? [];
  bad(name !== undefined, `${quote(text)} is not <name>+<key id>+<base64>`);
  const bytes = fromBase64(base64);
  bad(bytes?.length > 0, "its key is not base64, or none");
  const [type, key] = [bytes[0], bytes.slice(1)];
  bad(LENGTHS.has(type), `its signature type is ${type}`);
  bad(key.length === LENGTHS.get(type), `a key of ${key.length} bytes`);
  if (type !== ML_DSA_44_COSIGNATURE) checkKey(key);
  const isName = /^[^\p{White_Space}\p{Cc}+]+$/u.test(name) && toUtf8(name).length <= 255;
  bad(isName, `${quote(name)} is no name`);
  const parsed = verifierKey(name, type, key);
  bad(toHex(parsed.id) === id, `its key id is not ${quote(id)}`);
  return parsed;
}
