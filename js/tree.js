// The Merkle tree of RFC 9162, of lists and of the ledger (docs/format.md 6). Indexes and sizes are
// BigInt: they go up to 2^64 - 1.

import { equal } from "./bytes.js";
import { must, refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const HASH = 32;
export const LONGEST_PATH = 64;

export function leafHash(bytes) {
  return sha256(LEAF, bytes);
}

function nodeHash(left, right) {
  return sha256(NODE, left, right);
}

/** A tree that grows leaf by leaf: it holds the root of each whole subtree, the largest first. */
export class Tree {
  constructor(size = 0n, peaks = []) {
    this.size = size;
    this.peaks = peaks;
  }

  clone() {
    return new Tree(this.size, [...this.peaks]);
  }

  add(leaf) {
    let hash = leaf;
    for (let n = this.size; n & 1n; n >>= 1n) hash = nodeHash(this.peaks.pop(), hash);
    this.peaks.push(hash);
    this.size += 1n;
  }

  /** Of one leaf or more. */
  root() {
    return this.peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** The root over hashes of leaves, one or more. */
export function rootOf(leaves) {
  const tree = new Tree();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

function bitLength(n) {
  return n === 0n ? 0 : n.toString(2).length;
}

function oneBits(n) {
  return n.toString(2).replaceAll("0", "").length;
}

function checkLength(path, expected) {
  must(
    path.length === expected,
    "path-length",
    `the path has ${path.length} hashes, and ${expected} are expected`,
  );
}

/**
 * The root that a path leads to, from a leaf's hash.
 * @param {Uint8Array} leaf @param {bigint} index @param {bigint} size @param {Uint8Array[]} path
 */
export function followPath(leaf, index, size, path) {
  must(index < size, "path-index", `index ${index} is not below size ${size}`);
  const n = bitLength(index ^ (size - 1n));
  checkLength(path, n + oneBits(index >> BigInt(n)));
  let node = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of path) {
    while (!(node & 1n) && node === last) {
      node >>= 1n;
      last >>= 1n;
    }
    hash = node & 1n ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    node >>= 1n;
    last >>= 1n;
  }
  return hash;
}

/** Refuses unless the path leads from the leaf to that root. */
export function checkPath(leaf, index, size, path, root, what) {
  if (!equal(followPath(leaf, index, size, path), root)) {
    refuse("path-root", `the path of ${what} leads to another root`);
  }
}

/**
 * Refuses unless the tree of root `newer` and `to` leaves begins with that of `older` and `from`.
 * @param {bigint} from @param {Uint8Array} older @param {bigint} to @param {Uint8Array} newer
 * @param {Uint8Array[]} path
 */
export function checkConsistency(from, older, to, newer, path) {
  must(0n < from && from <= to, "path-index", `no tree of ${to} leaves grew from one of ${from}`);
  if (from === to) {
    checkLength(path, 0);
    must(equal(older, newer), "path-root", "two roots of one size");
    return;
  }
  let node = from - 1n;
  let last = to - 1n;
  for (; node & 1n; node >>= 1n) last >>= 1n;
  const n = bitLength(node ^ last);
  const whole = (from & (from - 1n)) === 0n;
  checkLength(path, n + oneBits(node >> BigInt(n)) + (whole ? 0 : 1));
  const [first, ...rest] = whole ? [older, ...path] : path;
  let old = first;
  let grown = first;
  for (const sibling of rest) {
    if (node & 1n || node === last) {
      old = nodeHash(sibling, old);
      grown = nodeHash(sibling, grown);
      for (; node && !(node & 1n); node >>= 1n) last >>= 1n;
    } else {
      grown = nodeHash(grown, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  must(
    equal(old, older) && equal(grown, newer),
    "path-root",
    "the tree did not grow from the other",
  );
}

/** `[* bstr .size 32]` of `least` to `most` hashes, from a CBOR reader. */
export function readPath(reader, most = LONGEST_PATH, least = 0) {
  const count = reader.array();
  reader.must(
    count >= least && count <= most,
    `a path of ${count} hashes, not ${least} to ${most}`,
  );
  return Array.from({ length: count }, () => reader.bytes(HASH));
}
