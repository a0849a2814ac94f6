// The registry (docs/format.md 9): issuers, keys and policy, and what has fallen, folded from the
// entries alone. Here is what it holds, who may say what (9.1, 1 to 4) and what that changes (9.2);
// the other checks are in rules.js.

import { fromHex, toHex } from "./bytes.js";
import { change } from "./change.js";
import { checkSignature } from "./cose.js";
import { FINGERPRINT } from "./fingerprint.js";
import { isOrigin } from "./identity.js";
import { isVoidBy, stateOf } from "./judgement.js";
import { checkPossession } from "./key.js";
import { must, quote } from "./refused.js";
import { documentSlot, encodeValue, FALLS, issuerSlot, keySlot } from "./status.js";

/**
 * A key: `entry` and `time` are those that brought it, `distance` counts the additions by issuers
 * since the operator signed, `waiting` says that it replaces another at the end of the block, and
 * `value` is what its slot of the status map holds.
 */
function newKey({ x, kid }, use, owner, { entry, time }, { distance = 0, waiting = false } = {}) {
  return { x, kid, use, owner, entry, time, distance, waiting, value: null };
}

export class Registry {
  /** @param {Function} [mlDsa44] see index.d.ts */
  constructor(mlDsa44) {
    this.mlDsa44 = mlDsa44;
    this.origin = "";
    this.ledger = ""; // its id, as hex
    this.genesisMost = 0;
    this.most = 0; // documents in one list
    /** @type {Map<string, ReturnType<typeof newKey>>} by kid */
    this.keys = new Map();
    this.owned = new Map(); // by owner, the kids of its keys
    /** By id: what the newest enrollment says, `voided` by which report, and the slot's `value`. */
    this.issuers = new Map();
    this.inUse = new Map(); // of the ledger's own uses, the kid in force
    this.waiting = []; // replacements, until the end of the block
    this.said = new Map(); // statements by sub: what seq counts
    this.acts = []; // what is judged again after a compromise, in the order of entries
    this.falls = new Map(); // by slot of fall 0, as hex
    this.changed = new Map(); // slots set in this block, by hex
  }

  /** All that changes copied, so that a block that is refused changes nothing. */
  clone() {
    const copy = Object.assign(new Registry(this.mlDsa44), this);
    const own = (map) => new Map([...map].map(([name, record]) => [name, { ...record }]));
    copy.keys = own(this.keys);
    copy.issuers = own(this.issuers);
    copy.owned = new Map(this.owned);
    copy.inUse = new Map(this.inUse);
    copy.waiting = [...this.waiting];
    copy.said = new Map(this.said);
    copy.acts = [...this.acts];
    copy.falls = new Map(this.falls);
    copy.changed = new Map(this.changed);
    return copy;
  }

  /** 9.1, genesis, but for the times: the registry after entry 0. */
  static async ofGenesis(statement, time = 0n, mlDsa44 = undefined) {
    must(statement.kind === "genesis", "misplaced", `entry 0 is ${statement.kind}, not genesis`);
    const { claims, keys, random, most } = statement;
    must(isOrigin(claims.iss), "origin", `genesis: ${quote(claims.iss)} is no origin`);
    const operator = keys.find(({ use }) => use === "operator");
    const signed = operator.kid === statement.kid;
    must(signed, "unknown-key", "genesis is not signed by the operator key that it lists");
    await checkSignature(statement, operator.x);
    for (const key of keys) {
      await checkPossession(key, key.use, claims.iss, 1n, random, mlDsa44);
    }
    const different = new Set(keys.map(({ kid }) => kid)).size === keys.length;
    must(different, "key-in-use", "genesis lists one key twice");
    const registry = new Registry(mlDsa44);
    Object.assign(registry, { origin: claims.iss, ledger: toHex(statement.leaf), most });
    registry.genesisMost = most;
    registry.count("policy");
    for (const key of keys) {
      registry.bring(key, key.use, claims.iss, { entry: 0n, time });
      registry.inUse.set(key.use, key.kid);
      registry.count(`key:${key.kid}`);
    }
    return registry;
  }

  /** 9.1, 1 to 4: the key that signs, for this ledger, by its owner, for such statements. */
  speaker(statement) {
    const { kind, claims, kid } = statement;
    const ours = claims.aud === null || claims.aud === `probant:${this.ledger}`;
    must(ours, "audience", `the aud ${quote(claims.aud ?? "")} is another ledger`);
    const key = this.keys.get(kid);
    must(key, "unknown-key", `key ${kid} is not known to the ledger`);
    must(key.owner === claims.iss, "issuer", `${quote(claims.iss)} is not the owner of key ${kid}`);
    must(kind !== "genesis", "misplaced", "genesis stands at entry 0 only");
    const uses = usesFor(statement, this.keys.get(statement.about));
    must(uses.includes(key.use), "key-use", `key ${kid} is for ${key.use}, and not for ${kind}`);
    return key;
  }

  /** The next seq about a sub. */
  nextSeq(sub) {
    return BigInt(this.said.get(sub) ?? 0) + 1n;
  }

  count(sub) {
    this.said.set(sub, (this.said.get(sub) ?? 0) + 1);
  }

  sealKey() {
    return this.keys.get(this.inUse.get("seal"));
  }

  /** Whether what a key said at a time is void (9.3): another had it then. */
  isVoid(kid, time) {
    return isVoidBy(this.keys.get(kid)?.value ?? null, time);
  }

  /**
   * 9.2, and the count of its seq.
   * @param {{index: bigint, time: bigint}} at its entry, and the time of its block in ms
   */
  apply(statement, key, at) {
    if ("seq" in statement) this.count(statement.claims.sub);
    change(this, { ...statement, signer: key.kid, entry: at.index, time: at.time }, key);
  }

  /** Replacements take effect, in the order of their entries: at the end of their block. */
  replace() {
    for (const act of this.waiting) {
      const replaced = this.inUse.get(act.name);
      // The first key of the optional use replaces none.
      if (replaced && this.keys.get(replaced).value?.state !== "compromised") {
        this.setKey(replaced, stateOf("retired", act));
      }
      this.inUse.set(act.name, act.key.kid);
      this.keys.get(act.key.kid).waiting = false;
    }
    this.waiting = [];
  }

  /** A key that an act lists is there from now on. */
  bring(listed, use, owner, act, more = {}) {
    this.keys.set(listed.kid, newKey(listed, use, owner, act, more));
    this.owned.set(owner, [...this.kidsOf(owner), listed.kid]);
  }

  kidsOf(owner) {
    return this.owned.get(owner) ?? [];
  }

  keysOf(owner) {
    return this.kidsOf(owner).map((kid) => this.keys.get(kid));
  }

  setKey(kid, value) {
    const key = this.keys.get(kid);
    key.value = value;
    this.set(keySlot(key.owner, fromHex(kid)), value);
  }

  setIssuer(id, value) {
    this.issuers.get(id).value = value;
    this.set(issuerSlot(id), value);
  }

  set(slot, value) {
    this.changed.set(toHex(slot), { slot, value: encodeValue(value) });
  }

  fallsOf(iss, document) {
    return this.falls.get(toHex(documentSlot(iss, document))) ?? [];
  }

  /** The first fall that is not set; where all are, the last again. */
  fall(leaf, { claims, reason, entry, time, signer }) {
    const document = leaf.subarray(0, FINGERPRINT);
    const replacement = reason === "superseded" ? leaf.slice(FINGERPRINT) : null;
    const value = { entry, time, kid: fromHex(signer), reason, replacement };
    const falls = this.fallsOf(claims.iss, document);
    const n = Math.min(falls.length, FALLS - 1);
    const name = toHex(documentSlot(claims.iss, document));
    this.falls.set(name, [...falls.slice(0, n), value]);
    this.set(documentSlot(claims.iss, document, n), value);
  }
}

/** What recovery replaces. */
const OF_RECOVERY = ["operator", "recovery"];

/** 4.3 and the table of 9.1: the uses that may sign it; `about` is the key that it speaks of. */
function usesFor({ kind, act, name }, about) {
  switch (kind) {
    case "enroll":
    case "issuer":
    case "policy":
      return ["operator"];
    case "block":
      return ["seal"];
    case "key":
      if (act === "replace") return [OF_RECOVERY.includes(name) ? "recovery" : "operator"];
      if (act === "compromise") return [about?.use === "operator" ? "recovery" : "operator"];
      return ["operator", "issuer"];
    default:
      return ["issuer"];
  }
}
