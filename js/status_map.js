// The whole status map (docs/format.md 6.1), as a tree that shares what does not change: to set a
// slot makes a new map, and the old one stays as it was.

import { equal } from "./bytes.js";
import { sha256 } from "./sha256.js";
import { bit, leafOf, nodeOf, NOTHING } from "./status.js";

export class StatusMap {
  constructor(top = null) {
    this.top = top;
  }

  /** @param {Uint8Array} slot @param {Uint8Array} value */
  set(slot, value) {
    return new StatusMap(put(this.top, { slot, hash: leafOf(slot, sha256(value)) }, 0));
  }

  root() {
    return this.top ? this.top.hash : NOTHING;
  }
}

/** A leaf sits at the shortest prefix that is its alone: two that share it go down together. */
function put(node, leaf, depth) {
  if (!node || (node.slot && equal(node.slot, leaf.slot))) return leaf;
  const right = bit(leaf.slot, depth);
  const branch = node.slot ? under(node, depth) : node;
  const below = put(right ? branch.right : branch.left, leaf, depth + 1);
  return right ? join(branch.left, below) : join(below, branch.right);
}

function under(leaf, depth) {
  return bit(leaf.slot, depth) ? { left: null, right: leaf } : { left: leaf, right: null };
}

function join(left, right) {
  return { left, right, hash: nodeOf(left ? left.hash : NOTHING, right ? right.hash : NOTHING) };
}
