// Verifying a proof (docs/format.md 11.3): one file, a document's fingerprints, and the identity of
// a ledger, which is all that is trusted. Nine steps, in this order, and a tenth where others signed;
// nothing is asked of anybody.

import { equal, fromUtf8, toHex } from "./bytes.js";
import { openCheckpoint } from "./checkpoint.js";
import { checkSignature } from "./cose.js";
import { fingerprintText, parseFingerprint } from "./fingerprint.js";
import { parseIdentity } from "./identity.js";
import { NOTE_ML_DSA } from "./key.js";
import { decodeProof } from "./parts.js";
import { must, Refused } from "./refused.js";
import { Registry } from "./registry.js";
import { checkEnrollInProof, checkNotAhead, checkTable } from "./rules.js";
import { checkSeal } from "./seal.js";
import { standingOf } from "./standing.js";
import { certifies } from "./statement.js";
import { checkPath, followPath, leafHash } from "./tree.js";
import { judgeCheckpoint } from "./trust_policy.js";
import { ED25519, verifierKey } from "./verifier_key.js";

/**
 * What a proof says of a document. `Refused` carries the `steps` passed, and the `step` refused.
 * @param {Uint8Array} proof
 * @param {string} identity of the ledger that is trusted
 * @param {string[]} fingerprints of the document, of both kinds: see `fingerprints`
 * @param {{policy?: object, mlDsa44?: Function}} [believed] whose cosignatures count: see index.d.ts
 * @returns {Promise<import("./index.js").Verdict>}
 */
export async function verifyProof(proof, identity, fingerprints, believed = {}) {
  const trusted = { ...parseIdentity(identity), identity };
  const wanted = fingerprints.map(parseFingerprint);
  const steps = [];
  let step = null;
  const pass = async (name, check) => {
    step = name;
    const { facts, ...rest } = await check();
    steps.push({ name, facts });
    return rest;
  };
  try {
    return { ...(await verify(proof, trusted, wanted, pass, believed)), steps };
  } catch (error) {
    if (error instanceof Refused) Object.assign(error, { step, steps });
    throw error;
  }
}

async function verify(proof, trusted, wanted, pass, believed) {
  const { parts } = await pass("form", () => form(proof));
  const { fingerprint } = await pass("document", () => document(parts, wanted));
  const { registry } = await pass("registry", () =>
    lineage(parts.registry, trusted, believed.mlDsa44),
  );
  const { signer } = await pass("statement", () => statement(parts, registry));
  const { root, head } = await pass("head", () => newest(parts, registry));
  await pass("paths", () => paths(parts, root));
  const { sealed, sealKey } = await pass("sealed", () => sealedBy(parts, registry, head));
  await pass("first-receipt", () => firstReceipt(parts, registry, sealed, sealKey));
  const { told, issuer } = await pass("statuses", () =>
    statuses(parts, registry, signer, sealed, head),
  );
  const carried = parts.checkpoint !== null;
  if (carried) await pass("checkpoint", () => checkpoint(parts, registry, head, root));
  const witnessed = believed.policy ? await judge(parts, registry, head, believed) : null;
  const { id, legalName, country, registration } = issuer;
  return {
    ...told,
    fingerprint: fingerprintText(fingerprint),
    issuer: { id, legalName, country, registration },
    mediaType: parts.statement.mediaType,
    entry: plain(parts.receipt.index),
    listCount: parts.statement.count,
    position: plain(parts.document.index),
    sealed: block(sealed),
    head: block(head),
    ledger: trusted,
    checkpoint: carried ? fromUtf8(parts.checkpoint) : null,
    timestamps: parts.timestamps.length,
    witnessed,
  };
}

/** A number for others: what JavaScript cannot hold exactly is never rounded. */
function plain(number) {
  must(number <= Number.MAX_SAFE_INTEGER, "malformed", `${number} is more than 2^53 - 1`);
  return Number(number);
}

function block({ height, time, size }) {
  return { height: plain(height), timeMs: plain(time), size: plain(size) };
}

function form(bytes) {
  const parts = decodeProof(bytes);
  return { parts, facts: { bytes: bytes.length, kind: parts.statement.kind } };
}

function document({ statement, document: { fingerprint, index, path } }, wanted) {
  const { kind, root, count } = statement;
  const text = fingerprintText(fingerprint);
  const asked = wanted.some((one) => equal(one, fingerprint));
  must(asked, "document", `the proof is of another document, ${text}`);
  must(certifies(statement), "proof", `the statement is ${kind}: it certifies nothing`);
  checkPath(leafHash(fingerprint), index, BigInt(count), path, root, "the document");
  return {
    fingerprint,
    facts: { fingerprint: text, position: plain(index), count, root: toHex(root) },
  };
}

async function lineage(proven, { origin, ledger }, mlDsa44) {
  const [genesis, ...rest] = proven;
  const ascends = proven.every(({ index }, i) => (i ? index > proven[i - 1].index : index === 0n));
  must(ascends, "proof", "the registry entries do not begin at 0 and ascend");
  const same = toHex(genesis.statement.leaf) === ledger;
  must(same, "ledger", "the genesis of the proof is that of another ledger");
  const registry = await Registry.ofGenesis(genesis.statement, 0n, mlDsa44);
  must(registry.origin === origin, "ledger", `the ledger calls itself ${registry.origin}`);
  for (const { statement: said, index } of rest) await bringKey(registry, said, index);
  return { registry, facts: { ledger, origin, entries: proven.map(({ index }) => plain(index)) } };
}

/** One entry of the registry part: what became of keys is told by the statuses. */
async function bringKey(registry, said, index) {
  const key = registry.speaker(said);
  await checkSignature(said, key.x);
  const brings = said.kind === "enroll" || (said.kind === "key" && said.key);
  must(brings, "proof", `registry entry ${index} brings no key`);
  if (said.kind === "enroll") await checkEnrollInProof(registry, said);
  else await checkTable(registry, said, key, 0n);
  registry.apply(said, key, { index, time: 0n });
  registry.replace();
}

async function statement({ statement: said, receipt }, registry) {
  const signer = registry.speaker(said);
  const before = signer.entry < receipt.index;
  must(before, "proof", "the key of the statement came after it");
  await checkSignature(said, signer.x);
  const { iss, iat } = said.claims;
  return {
    signer,
    facts: { issuer: iss, kid: signer.kid, keyEntry: plain(signer.entry), iat: plain(iat) },
  };
}

/** A block statement, by the seal key that was in force at its height. */
async function blockStatement({ what, statement: said, index }, registry) {
  const { kind, size, first, claims, time } = said;
  const placed = kind === "block" && index + 1n === size && first <= index;
  must(placed, "proof", `${what} is no block statement at the end of its block`);
  must(claims.iat === time / 1000n, "chain", `${what}: its iat is not its time`);
  const key = registry.speaker(said);
  // In the order of their entries, which ascend.
  const seals = registry
    .keysOf(registry.origin)
    .filter(({ use, entry }) => use === "seal" && entry < first);
  must(seals.pop() === key, "proof", `${what} is not by the seal key of its height`);
  await checkSignature(said, key.x);
  return key;
}

async function newest({ statement: { leaf }, receipt, head: proven }, registry) {
  const root = followPath(leaf, receipt.index, receipt.size, receipt.path);
  const key = await blockStatement(proven, registry);
  const head = proven.statement;
  const same = head.size === receipt.size && head.height === receipt.height;
  must(same, "proof", "the receipt is not of the head");
  await checkSeal(receipt, registry.origin, key, head.time, root);
  return { root, head, facts: { ...block(head), root: toHex(root), sealKey: key.kid } };
}

function paths({ sealed, head, registry, receipt }, root) {
  for (const proven of [sealed, head, ...registry]) {
    checkPath(proven.statement.leaf, proven.index, receipt.size, proven.path, root, proven.what);
  }
  return { facts: { paths: 2 + registry.length, root: toHex(root) } };
}

async function sealedBy({ statement: said, sealed: proven, receipt }, registry, head) {
  const sealKey = await blockStatement(proven, registry);
  const sealed = proven.statement;
  const holds = sealed.first <= receipt.index && receipt.index < sealed.size - 1n;
  must(holds, "proof", `the block of ${sealed.size} entries does not hold entry ${receipt.index}`);
  const before = ["height", "size", "time"].every((name) => sealed[name] <= head[name]);
  must(before, "proof", "the block that sealed the statement is after the head");
  checkNotAhead(said.claims.iat, sealed.time / 1000n);
  return { sealed, sealKey, facts: { ...block(sealed), first: plain(sealed.first) } };
}

async function firstReceipt({ statement: { leaf }, first, receipt }, registry, sealed, sealKey) {
  const same = first.height === sealed.height && first.size === sealed.size;
  must(
    same && first.index === receipt.index,
    "proof",
    "the first receipt is of another block or entry",
  );
  const root = followPath(leaf, first.index, first.size, first.path);
  await checkSeal(first, registry.origin, sealKey, sealed.time, root);
  return { facts: { index: plain(first.index), root: toHex(root), sealKey: sealKey.kid } };
}

function statuses(parts, registry, signer, sealed, head) {
  const issuer = registry.issuers.get(signer.owner);
  const { standing, state, key, fall } = standingOf(parts, issuer, signer, sealed, head);
  const told = {
    standing,
    issuerState: state && { state: state.state, sinceMs: plain(state.since) },
    key: { kid: signer.kid, state: key && keyState(key) },
    fall: fall && fallOf(fall),
  };
  const facts = { statusRoot: toHex(head.statusRoot), paths: parts.statuses.length, ...told };
  return { issuer, told, facts };
}

/** The key of a use that signs checkpoints at the head; of ML-DSA-44 there may be none. */
function noteKey(registry, head, wanted = "note") {
  const notes = registry
    .keysOf(registry.origin)
    .filter(({ use, entry }) => use === wanted && entry < head.size);
  return notes[notes.length - 1];
}

/** The checkpoint that came with the proof is that of its head, and the ledger signed it. */
async function checkpoint({ checkpoint: note }, registry, head, root) {
  const key = noteKey(registry, head);
  const second = noteKey(registry, head, NOTE_ML_DSA)?.x;
  const keys = { key: key.x, second };
  const found = await openCheckpoint(note, registry.origin, keys, registry.mlDsa44);
  const same = found.size === head.size && equal(found.root, root);
  must(same, "proof", `the checkpoint is of ${found.size} entries, or of another root`);
  const { mlDsa44 } = found;
  return { facts: { size: plain(found.size), root: toHex(root), noteKey: key.kid, mlDsa44 } };
}

/** What its cosignatures are worth by a policy. */
async function judge({ checkpoint: note }, registry, head, { policy, mlDsa44 }) {
  if (note === null) return { quorum: !policy.wantsCheckpoint(), by: [], unchecked: [], notAfterS: null };
  const { origin } = registry;
  const log = verifierKey(origin, ED25519, noteKey(registry, head).x);
  const judged = await judgeCheckpoint(note, policy, { log, mlDsa44 });
  const { quorum, unchecked, notAfterS } = judged;
  const by = judged.witnessed.map(({ name, firstS }) => ({ name, firstS: seconds(firstS) }));
  return { quorum, by, unchecked, notAfterS: seconds(notAfterS) };
}

/** Beyond 2^53 - 1 s, the last second that JavaScript can tell. */
function seconds(time) {
  if (time === null) return null;
  return time > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(time);
}

function keyState({ state, since, entry }) {
  return { state, sinceMs: plain(since), entry: plain(entry) };
}

function fallOf({ reason, time, entry, replacement }) {
  const by = replacement && fingerprintText(replacement);
  return { reason, timeMs: plain(time), entry: plain(entry), replacement: by };
}
