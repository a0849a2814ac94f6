// Checkpoints: the head of the tree as a C2SP signed note (docs/format.md 8.3).

import { fromBase64 } from "./bytes.js";
import { isOrigin } from "./identity.js";
import { bad, signaturesOf, splitNote } from "./note.js";
import { must, quote } from "./refused.js";
import { ED25519, ML_DSA_44_COSIGNATURE, verifierKey } from "./verifier_key.js";

/**
 * The size and root of a note that the ledger signed.
 * @param {Uint8Array} note as it came
 * @param {string} origin @param {Uint8Array} key the note key, a strict one
 */
export async function verifyCheckpoint(note, origin, key) {
  const { size, root } = await openCheckpoint(note, origin, { key });
  return { size, root };
}

/**
 * The same by both keys of a ledger; `mlDsa44` is how its second line is: `signed`, or `unchecked`
 * where nothing here can tell; null where there is none.
 * @param {Uint8Array} note @param {string} origin
 * @param {{key: Uint8Array, second?: Uint8Array}} keys @param {Function} [mlDsa44]
 */
export async function openCheckpoint(note, origin, keys, mlDsa44) {
  const { key, second } = keys;
  const parted = splitNote(note);
  const head = readCheckpoint(parted.text);
  bad(head.origin === origin, `it is of ${head.origin}`);
  const known = [verifierKey(origin, ED25519, key)];
  if (second) known.push(verifierKey(origin, ML_DSA_44_COSIGNATURE, second));
  const signed = await signaturesOf(parted, known, mlDsa44);
  const of = (by) => signed.filter((one) => one.key === by);
  must(of(known[0]).length > 0, "signature", "checkpoint: it has no signature of the ledger");
  const lines = second ? of(known[1]) : [];
  const word = lines.every(({ checked }) => checked) ? "signed" : "unchecked";
  return { size: head.size, root: head.root, mlDsa44: lines.length ? word : null };
}

/** Origin, size and root, of a text that nobody has signed yet. @param {string} text */
export function readCheckpoint(text) {
  const lines = text.split("\n");
  bad(lines.length === 4, "its text is not three lines");
  const [origin, size, root] = lines;
  bad(/^[1-9][0-9]{0,19}$/.test(size), `${quote(size)} is no size`);
  bad(BigInt(size) >= 2n && BigInt(size) < 2n ** 64n, `a size of ${size}`);
  const bytes = fromBase64(root);
  bad(bytes?.length === 32, `${quote(root)} is no root`);
  must(isOrigin(origin), "origin", `checkpoint: ${quote(origin)} is no origin`);
  return { origin, size: BigInt(size), root: bytes };
}
