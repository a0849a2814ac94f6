// The chain (docs/format.md 10.1): a ledger replayed block after block, every rule checked. A block
// that is refused leaves the chain as it was.

import { equal, fromHex } from "./bytes.js";
import { Reader } from "./cbor.js";
import { checkSignature } from "./cose.js";
import { must } from "./refused.js";
import { Registry } from "./registry.js";
import { checkInForce, checkNotFallen, checkTable, checkTimes } from "./rules.js";
import { checkSeal, decodeSeal } from "./seal.js";
import { bearsList, certifies, decodeEntry, decodeSubmission, holdList } from "./statement.js";
import { StatusMap } from "./status_map.js";
import { Tree } from "./tree.js";

/** Before block 0. */
const NOTHING_YET = { height: -1n, leaf: null, size: 0n, documents: 0n, time: 0n };

export class Chain {
  /** @param {{mlDsa44?: Function}} [known] see index.d.ts */
  constructor(known = {}) {
    this.known = known;
    /** @type {Registry | null} */
    this.registry = null;
    this.tree = new Tree();
    this.map = new StatusMap();
    /** What the last block statement says; `leaf` is its own. */
    this.head = NOTHING_YET;
  }

  /** The chain with one block more. @param {Uint8Array} bytes an encoded block (7.3) */
  async replay(bytes) {
    const block = decodeBlock(bytes);
    const { entries, seal } = block;
    const statement = entries[entries.length - 1];
    const next = new Chain(this.known);
    next.registry = this.registry
      ? this.registry.clone()
      : await Registry.ofGenesis(entries[0], statement.time, this.known.mlDsa44);
    next.registry.changed.clear();
    checkContinues(this.head, block, statement, next.registry);
    const sealKey = next.registry.sealKey();
    next.tree = this.tree.clone();
    const signers = await foldEntries(next, entries, this.head.size, statement.time);
    next.map = this.map;
    for (const { slot, value } of next.registry.changed.values()) {
      next.map = next.map.set(slot, value);
    }
    const mapped = equal(next.map.root(), statement.statusRoot);
    must(mapped, "chain", "the status root is not that of what has fallen");
    for (const [i, { x }] of signers.entries()) await checkSignature(entries[i], x);
    await checkSeal(seal, next.registry.origin, sealKey, statement.time, next.tree.root());
    const { height, leaf, size, documents, time } = statement;
    next.head = { height, leaf, size, documents, time };
    return next;
  }

  /**
   * A submission, by the rules of 9.1, as an entry of the next block at `time` ms.
   * @param {Uint8Array} bytes @param {bigint} time
   */
  async admit(bytes, time) {
    const statement = decodeSubmission(bytes);
    must(statement.kind !== "block", "misplaced", "a block statement is the ledger's own");
    const key = await checkRules(this.registry, statement, time);
    await checkSignature(statement, key.x);
  }

  /** `<origin>+<ledger id>`, of a chain that has a block 0. */
  identity() {
    return `${this.registry.origin}+${this.registry.ledger}`;
  }
}

/**
 * The identity of the ledger that begins with this block, which is checked wholly.
 * @param {Uint8Array} block0 as `/blocks/0` answers it
 */
export async function identityOfGenesis(block0) {
  const chain = await new Chain().replay(block0);
  return { identity: chain.identity() };
}

/** No entry and no list is shorter (7.3): empty ones by the million take no memory. */
const SHORTEST_PART = 34;

/** An array of byte strings. */
function strings(reader) {
  const count = reader.array();
  reader.must(count * SHORTEST_PART <= reader.data.length, `${count} parts do not fit into it`);
  return Array.from({ length: count }, () => reader.bytes());
}

/** 10.1, 1. */
function decodeBlock(bytes) {
  const reader = Reader.whole(bytes, "block");
  reader.array(3);
  const sealed = reader.bytes();
  const parts = strings(reader);
  const lists = strings(reader);
  reader.must(parts.length > 0, "it has no entry");
  const seal = decodeSeal(sealed);
  let listed = 0;
  const entries = parts.map((part, i) => {
    const what = `entry ${i} of the block`;
    const statement = decodeEntry(part, what);
    if (!bearsList(statement)) return statement;
    must(listed < lists.length, "list-missing", `the list of ${what} did not come`);
    const list = lists[listed++];
    return { ...statement, list: statement.kind === "revoke" ? holdList(statement, list) : list };
  });
  const unclaimed = lists.length - listed;
  must(unclaimed === 0, "list-unexpected", `${unclaimed} lists that belong to nothing`);
  const last = entries[entries.length - 1];
  must(last.kind === "block", "misplaced", "the last entry is no block statement");
  for (const statement of entries) {
    if (statement.kind === "certify") statement.list = holdList(statement, statement.list);
  }
  return { seal, entries };
}

/** 10.1, 3: what the block statement says of the blocks before, and of this one. */
function checkContinues(head, { entries, seal }, statement, registry) {
  const { height, previous, first, size, documents, time, claims } = statement;
  const chained = (holds, what) =>
    must(holds, "chain", `the block statement: its ${what} is wrong`);
  const counted = entries.filter(certifies).reduce((sum, { count }) => sum + BigInt(count), 0n);
  chained(height === head.height + 1n, "height");
  chained(equal(previous, head.leaf ?? fromHex(registry.ledger)), "previous");
  chained(first === head.size, "first");
  chained(size === first + BigInt(entries.length), "size");
  chained(height > 0n || size === 2n, "size");
  chained(documents === head.documents + counted, "documents");
  chained(claims.iat === time / 1000n, "iat");
  chained(seal.height === height, "height");
  chained(time >= head.time, "time");
}

/** 10.1, 4 and the first of 5: the key that signs each entry, which is not checked yet. */
async function foldEntries({ registry, tree }, entries, first, time) {
  const signers = [];
  for (const [i, statement] of entries.entries()) {
    const at = { index: first + BigInt(i), time };
    const last = i === entries.length - 1;
    must((statement.kind === "block") === last, "misplaced", "a block statement that is not last");
    if (at.index === 0n) {
      checkTimes(statement, time);
      signers.push(registry.keys.get(statement.kid));
    } else {
      const key = await checkRules(registry, statement, time);
      registry.apply(statement, key, at);
      signers.push(key);
    }
    tree.add(statement.leaf);
  }
  registry.replace();
  return signers;
}

/** 9.1, but for the signature: the key that has to have made it. */
async function checkRules(registry, statement, time) {
  const key = registry.speaker(statement);
  checkInForce(registry, key);
  await checkTable(registry, statement, key, time);
  checkTimes(statement, time);
  checkNotFallen(registry, statement);
  return key;
}
