// Trust policies: which logs and witnesses a verifier knows, and how many make a quorum; what a
// cosigned head is worth by one (docs/format.md 8.6).

import { equal, fromUtf8 } from "./bytes.js";
import { readCheckpoint } from "./checkpoint.js";
import { signaturesOf, splitNote } from "./note.js";
import { must, quote, refuse, Refused } from "./refused.js";
import { ED25519, ED25519_COSIGNATURE, parseVerifierKey } from "./verifier_key.js";

const LONGEST = 1 << 20;

/** Names are octets: each is one character here, and no text. */
function octets(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Lines that say something, as items between blanks. */
function* linesOf(bytes) {
  must(bytes.length <= LONGEST, "too-large", `a policy of ${bytes.length} bytes`);
  const lines = octets(bytes).split("\n");
  const rest = lines.pop();
  for (const [at, line] of lines.entries()) {
    const bad = (holds, message) =>
      must(holds, "trust-policy", `trust policy, line ${at + 1}: ${message}`);
    bad(!/[\0-\x08\x0b-\x1f\x7f]/.test(line), "a control character other than tab");
    const items = line.split(/[ \t]+/).filter((item) => item !== "");
    if (items.length && !items[0].startsWith("#")) yield { items, bad };
  }
  const unended = `trust policy, line ${lines.length + 1}: it is not ended`;
  must(rest === "", "trust-policy", unended);
}

function readKey(item, bad) {
  const text = fromUtf8(Uint8Array.from(item, (octet) => octet.charCodeAt(0)));
  bad(text !== null, "a verifier key is UTF-8");
  try {
    return parseVerifierKey(text);
  } catch (error) {
    if (error instanceof Refused) bad(false, error.message);
    throw error;
  }
}

class Policy {
  logs = [];
  witnesses = [];
  /** By name: a place among the witnesses, or a group. Members come before their group. */
  parties = new Map();
  /** A name; null for none; not set before its line. */
  quorum = undefined;

  /** @param {{items: string[], bad: Function}} line */
  take({ items: [word, ...items], bad }) {
    if (word === "log" && [1, 2].includes(items.length)) this.log(items, bad);
    else if (word === "witness" && [2, 3].includes(items.length)) this.witness(items, bad);
    else if (word === "group" && items.length >= 2) this.group(items, bad);
    else if (word === "quorum" && items.length === 1) this.choose(items[0], bad);
    else bad(false, "it is no line of a policy");
  }

  /** @param {string[]} items @param {Function} bad */
  log([item], bad) {
    const key = readKey(item, bad);
    bad(key.type !== ED25519_COSIGNATURE, "a log does not sign with type 0x04");
    this.checkNewKey(key, bad);
    this.logs.push(key);
  }

  /** @param {string[]} items */
  witness([name, item], bad) {
    const key = readKey(item, bad);
    bad(key.type !== ED25519, "a witness does not sign with type 0x01");
    this.checkNewKey(key, bad);
    this.name(name, { witness: this.witnesses.length }, bad);
    this.witnesses.push({ name, key });
  }

  /** @param {string[]} items */
  group([name, wanted, ...members], bad) {
    const words = { all: members.length, any: 1 };
    const number = /^[1-9][0-9]*$/.test(wanted) ? Number(wanted) : 0;
    const threshold = Object.hasOwn(words, wanted) ? words[wanted] : number;
    bad(threshold >= 1 && threshold <= members.length, `${quote(wanted)} of ${members.length}`);
    for (const member of members) {
      const party = this.find(member, bad);
      bad(!party.member, `${quote(member)} is a member of a group already`);
      party.member = true;
    }
    this.name(name, { threshold, members }, bad);
  }

  choose(name, bad) {
    bad(this.quorum === undefined, "it is the second quorum line");
    if (name !== "none") this.find(name, bad);
    this.quorum = name === "none" ? null : name;
  }

  name(name, party, bad) {
    bad(name !== "none" && !this.parties.has(name), `the name ${quote(name)} is taken`);
    this.parties.set(name, party);
  }

  find(name, bad) {
    const party = this.parties.get(name);
    bad(party !== undefined, `${quote(name)} is no witness or group of a line before`);
    return party;
  }

  checkNewKey({ key }, bad) {
    const known = [...this.logs, ...this.witnesses.map((witness) => witness.key)];
    bad(!known.some((one) => equal(one.key, key)), "its public key stands there already");
  }

  /** Whether a proof without a checkpoint does not do: somebody is named who has to have signed it. */
  wantsCheckpoint() {
    return this.quorum !== null || this.logs.length > 0;
  }

  /** Whether witnesses, by their places, are a quorum. @param {Set<number>} places */
  reached(places) {
    if (this.quorum === null) return true;
    const reached = new Map();
    for (const [name, { witness, threshold, members }] of this.parties) {
      const count = members?.filter((member) => reached.get(member)).length;
      reached.set(name, members ? count >= threshold : places.has(witness));
    }
    return reached.get(this.quorum);
  }
}

/** A policy in its one reading. @param {Uint8Array} bytes */
export function parsePolicy(bytes) {
  const policy = new Policy();
  for (const line of linesOf(bytes)) policy.take(line);
  if (policy.quorum === undefined) refuse("trust-policy", "trust policy: it has no quorum line");
  return policy;
}

/**
 * What a note is worth by a policy: see index.d.ts.
 * @param {Uint8Array} note @param {Policy} policy
 * @param {{log?: object, mlDsa44?: Function}} [known] the log's key, where the policy lists none
 */
export async function judgeCheckpoint(note, policy, { log, mlDsa44 } = {}) {
  const parted = splitNote(note);
  const checkpoint = readCheckpoint(parted.text);
  const logs = policy.logs.length || !log ? policy.logs : [log];
  const named = logs.filter(({ name }) => name === checkpoint.origin);
  const signed = await signaturesOf(parted, named, mlDsa44);
  const anyLog = signed.some(({ checked }) => checked);
  must(anyLog, "signature", "checkpoint: no log of the policy signed it");
  const keys = policy.witnesses.map(({ key }) => key);
  const cosigned = await signaturesOf(parted, keys, mlDsa44);
  const of = ({ key: by }) => cosigned.filter(({ key }) => key === by);
  const witnessed = [];
  const unchecked = [];
  for (const [place, witness] of policy.witnesses.entries()) {
    const lines = of(witness);
    if (lines.some(({ checked }) => !checked)) unchecked.push(witness.key.name);
    else if (lines.length) witnessed.push({ place, ...timesOf(lines), name: witness.key.name });
  }
  return { checkpoint, unchecked, ...boundsOf(policy, witnessed) };
}

function ascending(a, b) {
  return a < b ? -1 : Number(a > b);
}

function timesOf(lines) {
  const times = lines.flatMap(({ seconds }) => seconds ?? []).sort(ascending);
  return { firstS: times[0] ?? null, lastS: times[times.length - 1] ?? null };
}

/** Whichever of a quorum is the honest one: these hold. */
function boundsOf(policy, witnessed) {
  const reached = (counts) =>
    policy.reached(new Set(witnessed.filter(counts).map(({ place }) => place)));
  const times = (which) =>
    policy.quorum === null ? [] : witnessed.flatMap((one) => one[which] ?? []).sort(ascending);
  const by = (time) => reached(({ firstS }) => firstS !== null && firstS <= time);
  const since = (time) => reached(({ lastS }) => lastS !== null && lastS >= time);
  return {
    witnessed: witnessed.map(({ name, firstS, lastS }) => ({ name, firstS, lastS })),
    quorum: reached(() => true),
    notAfterS: times("firstS").find(by) ?? null,
    notShownBeforeS: times("lastS").reverse().find(since) ?? null,
  };
}
