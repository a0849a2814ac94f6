// What a line of a note signs: the text alone, or a checkpoint and a time (docs/format.md 8.4).

import { concat, toUtf8 } from "./bytes.js";
import { readCheckpoint } from "./checkpoint.js";
import { verifySignature } from "./ed25519.js";
import { checkMlDsa44 } from "./ml_dsa.js";
import { must } from "./refused.js";
import { ED25519, ED25519_COSIGNATURE } from "./verifier_key.js";

const LATEST = 2n ** 63n - 1n;

function uint64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

function named(name) {
  const bytes = toUtf8(name);
  return concat(Uint8Array.of(bytes.length), bytes);
}

function cosignatureV1(seconds, text) {
  return toUtf8(`cosignature/v1\ntime ${seconds}\n${text}`);
}

function subtreeV1(name, seconds, { origin, size, root }) {
  return concat(
    toUtf8("subtree/v1\n\0"),
    named(name),
    uint64(seconds),
    named(origin),
    uint64(0n),
    uint64(size),
    root,
  );
}

/** Refuses, as `signature`, what is none by this key; says when it was made, if it does. */
export async function verifyCosignature({ type, key, name }, text, signature, mlDsa44) {
  if (type === ED25519) {
    await verifySignature(key, toUtf8(text), signature);
    return { seconds: null, checked: true };
  }
  const checkpoint = readCheckpoint(text);
  must(signature.length > 8, "signature", `the cosignature of ${name} is cut`);
  const said = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  must(said <= LATEST, "signature", `the cosignature of ${name} is of no time there is`);
  const [seconds, rest] = [said || null, signature.subarray(8)];
  if (type === ED25519_COSIGNATURE) {
    await verifySignature(key, cosignatureV1(said, text), rest);
    return { seconds, checked: true };
  }
  const message = subtreeV1(name, said, checkpoint);
  const checked = await checkMlDsa44(key, message, rest, `the cosignature of ${name}`, mlDsa44);
  return { seconds: checked ? seconds : null, checked };
}
