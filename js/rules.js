// What an entry has to keep besides being said by the right key (docs/format.md 9.1, 5 to 8, and
// the table): the first that fails decides.

import { fromHex, toHex } from "./bytes.js";
import { FINGERPRINT } from "./fingerprint.js";
import { hostOf } from "./identity.js";
import { checkPossession } from "./key.js";
import { must } from "./refused.js";

const AHEAD = 300n;
const BEHIND = 2592000n;
const MOST_KEYS = 1024;
const MOST_ADDITIONS = 64;

/** 5: the key is in force, and its issuer not suspended. */
export function checkInForce(registry, key) {
  must(!key.waiting, "key-state", `key ${key.kid} takes effect with the next block`);
  const state = key.value?.state ?? "current";
  must(state === "current", "key-state", `key ${key.kid} is ${state}`);
  if (key.use !== "issuer") return;
  const suspended = registry.issuers.get(key.owner).value?.state === "suspended";
  must(!suspended, "issuer-state", `${key.owner} is suspended`);
}

/** 7: the times, in seconds; `time` is that of the block in ms. */
export function checkTimes({ kind, claims }, time) {
  const seconds = time / 1000n;
  const { iat } = claims;
  checkNotAhead(iat, seconds);
  const fresh = !["enroll", "key", "issuer", "policy"].includes(kind) || iat + BEHIND >= seconds;
  must(fresh, "stale", `iat ${iat} is more than 30 days before ${seconds}`);
}

export function checkNotAhead(iat, seconds) {
  must(iat <= seconds + AHEAD, "future", `iat ${iat} is more than 300 s ahead of ${seconds}`);
}

/** 8: no document of a revoke has fallen by an act that stands. */
export function checkNotFallen(registry, { kind, claims, list }) {
  if (kind !== "revoke") return;
  for (const leaf of list.leaves) {
    for (const fall of registry.fallsOf(claims.iss, leaf.subarray(0, FINGERPRINT))) {
      const stands = !registry.isVoid(toHex(fall.kid), fall.time);
      must(!stands, "fallen", `a document has fallen already, by entry ${fall.entry}`);
    }
  }
}

/** 6: the checks of the table, by kind, or by act of a key. */
const TABLE = {
  enroll: checkEnroll,
  certify: checkCount,
  "hash-envelope": checkCount,
  revoke: checkCount,
  add: checkAdd,
  replace: checkReplace,
  retire: checkRetire,
  stop: checkRetire,
  compromise: checkCompromise,
  issuer: checkIssuer,
  policy: checkSeq,
  block: () => {},
};

/** @param {bigint} time of the block in ms */
export async function checkTable(registry, statement, key, time) {
  const name = statement.kind === "key" ? statement.act : statement.kind;
  await TABLE[name](registry, statement, key, time);
}

function checkSeq(registry, { claims, seq }) {
  const next = registry.nextSeq(claims.sub);
  must(seq === next, "sequence", `seq ${seq} about ${claims.sub}, and not ${next}`);
}

function checkNew(registry, { kid }) {
  must(!registry.keys.has(kid), "key-in-use", `key ${kid} has an owner and a use`);
}

function checkHeld(registry, { key, seq }, use, owner) {
  const { ledger, mlDsa44 } = registry;
  return checkPossession(key, use, owner, seq, fromHex(ledger), mlDsa44);
}

async function checkEnroll(registry, statement) {
  checkName(registry, statement);
  const known = registry.issuers.get(statement.id);
  must(!known || known.voided, "issuer-exists", `${statement.id} is enrolled already`);
  checkNew(registry, statement.key);
  checkSeq(registry, statement);
  await checkHeld(registry, statement, "issuer", statement.id);
}

/** In a proof: what was said of the issuer before is not known there. */
export async function checkEnrollInProof(registry, statement) {
  checkName(registry, statement);
  checkNew(registry, statement.key);
  await checkHeld(registry, statement, "issuer", statement.id);
}

function checkName({ origin }, { id }) {
  const reserved = id === origin || id === hostOf(origin);
  must(!reserved, "issuer-reserved", `${id} is the name of the ledger`);
}

function checkCount({ most }, { count }) {
  must(count <= most, "list-count", `a list of ${count} documents, and the policy is ${most}`);
}

async function checkAdd(registry, statement, signer) {
  const { name: id, key } = statement;
  const self = signer.use !== "issuer" || signer.owner === id;
  must(self, "issuer", `${signer.owner} adds a key to ${id}`);
  const issuer = registry.issuers.get(id);
  must(issuer && !issuer.voided, "issuer-unknown", `${id} is not enrolled`);
  const given = registry.keysOf(id).filter((known) => counts(known, issuer)).length;
  must(given < MOST_KEYS, "key-limit", `${id} was given ${given} keys`);
  const near = signer.use !== "issuer" || signer.distance < MOST_ADDITIONS;
  must(near, "key-limit", `key ${signer.kid} is ${signer.distance} additions from the operator`);
  checkNew(registry, key);
  checkSeq(registry, statement);
  await checkHeld(registry, statement, "issuer", id);
}

/** A key that the issuer was given: but a void one from before it was enrolled anew. */
function counts(key, issuer) {
  return key.value?.state !== "void" || key.entry >= issuer.entry;
}

async function checkReplace(registry, statement) {
  checkNew(registry, statement.key);
  checkSeq(registry, statement);
  await checkHeld(registry, statement, statement.name, registry.origin);
}

function checkRetire(registry, statement, signer) {
  const key = registry.keys.get(statement.about);
  must(key, "unknown-key", `key ${statement.about} is not known to the ledger`);
  must(key.use === "issuer", "field", `key ${key.kid} is for ${key.use}: it can only be replaced`);
  const own = signer.use !== "issuer" || signer.owner === key.owner;
  must(own, "issuer", `${signer.owner} speaks of a key of ${key.owner}`);
  must(isInForce(key), "key-state", `key ${key.kid} is not in force`);
  if (statement.act === "retire") {
    const others = registry.keysOf(key.owner).filter((other) => other !== key && isInForce(other));
    must(others.length > 0, "last-key", `key ${key.kid} is the only one of ${key.owner} in force`);
  }
  checkSeq(registry, statement);
}

function isInForce({ value }) {
  return value === null || value.state === "current";
}

function checkCompromise(registry, statement, _signer, time) {
  const key = registry.keys.get(statement.about);
  must(key, "unknown-key", `key ${statement.about} is not known to the ledger`);
  const reportable = key.use === "issuer" || key.use === "operator";
  must(reportable, "field", `key ${key.kid} is for ${key.use}: it cannot be reported`);
  const { since } = statement;
  const within = since >= key.time && since <= time;
  must(within, "since", `since ${since}: not from ${key.time}, when the key came, to ${time}`);
  const later = key.value?.state === "compromised" && key.value.since <= since;
  must(!later, "key-state", `key ${key.kid} is compromised since ${key.value?.since} already`);
  checkSeq(registry, statement);
}

function checkIssuer(registry, statement) {
  const issuer = registry.issuers.get(statement.about);
  must(issuer && !issuer.voided, "issuer-unknown", `${statement.about} is not enrolled`);
  const suspended = issuer.value?.state === "suspended";
  const changes = suspended === (statement.act === "reinstate");
  must(changes, "issuer-state", `${statement.about} is ${suspended ? "" : "not "}suspended`);
  checkSeq(registry, statement);
}
