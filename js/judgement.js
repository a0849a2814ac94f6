// What a compromise makes void (docs/format.md 9.3): after each report, all acts are judged again,
// from the first one on.

import { fromHex } from "./bytes.js";

/** The value that an act gives to a slot of a key or issuer. */
export function stateOf(state, { time, entry, signer }, since = time) {
  return { state, since, entry, by: fromHex(signer) };
}

/** Whether what was said at a time is void, by a key whose slot holds this value, or null. */
export function isVoidBy(value, time) {
  return value?.state === "void" || (value?.state === "compromised" && value.since <= time);
}

/**
 * The issuer that an enrollment makes; `voided` is the value of a key that says by which report it
 * is void, or null. Enrolled again, it is as suspended as it was.
 */
export function makeIssuer(registry, act, voided) {
  const { id, legalName, country, registration, entry, key } = act;
  const value = registry.issuers.get(id)?.value ?? null;
  const enrollment = { id, legalName, country, registration, entry, kid: key.kid };
  registry.issuers.set(id, { ...enrollment, voided, value });
}

/** @param {import("./registry.js").Registry} registry @param {object} report the newest act */
export function judgeAgain(registry, report) {
  const keys = new Map([...registry.keys].map(([kid, { value }]) => [kid, value]));
  const issuers = new Map([...registry.issuers].map(([id, { value }]) => [id, value]));
  foldAgain(registry, standingReports(registry));
  for (const [kid, key] of registry.keys) {
    settle(key, keys.get(kid), stateOf("current", report), (value) => registry.setKey(kid, value));
  }
  for (const [id, issuer] of registry.issuers) {
    const reinstated = stateOf("reinstated", report);
    settle(issuer, issuers.get(id), reinstated, (value) => registry.setIssuer(id, value));
  }
}

/** By kid, the value that the report about it gives, of those that are not void. */
function standingReports(registry) {
  const reports = registry.acts.filter(({ act }) => act === "compromise");
  const useOf = ({ signer }) => registry.keys.get(signer).use;
  const standing = new Map();
  const take = (report) => {
    const earlier = standing.get(report.about);
    if (earlier && earlier.since <= report.since) return;
    standing.set(report.about, stateOf("compromised", report, report.since));
  };
  reports.filter((report) => useOf(report) === "recovery").forEach(take);
  reports
    .filter((report) => useOf(report) === "operator")
    .filter((report) => !isVoidBy(standing.get(report.signer), report.time))
    .forEach(take);
  return standing;
}

/** All acts once more, in their order, upon a ledger without issuers. */
function foldAgain(registry, standing) {
  for (const key of registry.keys.values()) {
    if (standing.has(key.kid)) key.value = standing.get(key.kid);
    else if (key.use === "issuer") key.value = null;
  }
  registry.issuers = new Map();
  registry.most = registry.genesisMost;
  for (const act of registry.acts) {
    const signed = registry.keys.get(act.signer).value;
    const voided = isVoidBy(signed, act.time) ? signed : null;
    const name = act.kind === "key" ? act.act : act.kind;
    if (name === "enroll") makeIssuer(registry, act, voided);
    if (act.key) {
      const issuer = registry.issuers.get(act.id ?? act.name);
      bringAgain(registry, act, voided ?? issuer.voided);
    } else if (!voided) {
      sayAgain(registry, act, name);
    }
  }
}

function bringAgain(registry, act, voided) {
  const key = registry.keys.get(act.key.kid);
  if (voided) key.value = { ...voided, state: "void", since: act.time };
}

function sayAgain(registry, act, name) {
  const key = registry.keys.get(act.about);
  if (name === "policy") registry.most = act.most;
  if (name === "retire" && !key.value) key.value = stateOf("retired", act);
  if (name === "stop" && !key.value) key.value = stateOf("stopped", act);
  if (name !== "issuer") return;
  const state = act.act === "suspend" ? "suspended" : "reinstated";
  registry.issuers.get(act.about).value = stateOf(state, act);
}

/** Undone, what had a value gets `undone`, once; whatever differs from before is set. */
function settle(record, before, undone, set) {
  if (before && !record.value) record.value = before.state === undone.state ? before : undone;
  if (record.value && !sameValue(record.value, before)) set(record.value);
}

function sameValue(a, b) {
  const as = ({ state, since, entry, by }) => [state, since, entry, by].join();
  return b !== null && as(a) === as(b);
}
