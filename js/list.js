// Lists (docs/format.md 6): the documents that one statement is about, in ascending order.

import { compare, equal } from "./bytes.js";
import { checkFingerprint, FINGERPRINT } from "./fingerprint.js";
import { must } from "./refused.js";
import { leafHash, rootOf } from "./tree.js";

export const MOST_FINGERPRINTS = 65536;
export const MOST_REPLACEMENTS = 32768;

/**
 * @param {Uint8Array} bytes
 * @param {boolean} replaced whether each leaf is a fingerprint and the one that replaces it
 */
export function decodeList(bytes, replaced) {
  const width = replaced ? 2 * FINGERPRINT : FINGERPRINT;
  const most = replaced ? MOST_REPLACEMENTS : MOST_FINGERPRINTS;
  const count = bytes.length / width;
  must(
    Number.isInteger(count),
    "malformed",
    `a list of ${bytes.length} bytes: no multiple of ${width}`,
  );
  must(count >= 1 && count <= most, "list-count", `a list of ${count} documents, not 1 to ${most}`);
  const leaves = [];
  for (let at = 0; at < bytes.length; at += width) {
    const leaf = bytes.subarray(at, at + width);
    checkLeaf(leaf, leaves[leaves.length - 1]);
    leaves.push(leaf);
  }
  return { count, leaves, root: rootOf(leaves.map(leafHash)) };
}

function checkLeaf(leaf, last) {
  const old = checkFingerprint(leaf.subarray(0, FINGERPRINT));
  must(
    !last || compare(last.subarray(0, FINGERPRINT), old) < 0,
    "list-order",
    "a list whose fingerprints are not strictly ascending",
  );
  if (leaf.length === FINGERPRINT) return;
  const replacement = checkFingerprint(leaf.subarray(FINGERPRINT));
  must(!equal(old, replacement), "field", "a document that replaces itself");
}
