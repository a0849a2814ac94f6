// What each statement changes in the registry (docs/format.md 9.2), from the next entry on.

import { judgeAgain, makeIssuer, stateOf } from "./judgement.js";

/** By kind, or by act of a key; certify, genesis and block change nothing here. */
const CHANGES = { enroll, add, replace, retire, stop, compromise, issuer, policy, revoke };

/**
 * @param {import("./registry.js").Registry} registry
 * @param {object} act the statement, with its `signer`, `entry` and `time`
 * @param {object} key the one that signed it
 */
export function change(registry, act, key) {
  const name = act.kind === "key" ? act.act : act.kind;
  if (Object.hasOwn(CHANGES, name)) CHANGES[name](registry, act, key);
}

function enroll(registry, act) {
  registry.bring(act.key, "issuer", act.id, act);
  registry.count(`key:${act.key.kid}`);
  makeIssuer(registry, act, null);
  registry.acts.push(act);
}

function add(registry, act, key) {
  const distance = key.use === "issuer" ? key.distance + 1 : 0;
  registry.bring(act.key, "issuer", act.name, act, { distance });
  registry.acts.push(act);
}

function replace(registry, act) {
  registry.bring(act.key, act.name, registry.origin, act, { waiting: true });
  registry.waiting.push(act);
}

function retire(registry, act) {
  registry.setKey(act.about, stateOf("retired", act));
  registry.acts.push(act);
}

function stop(registry, act) {
  registry.setKey(act.about, stateOf("stopped", act));
  registry.acts.push(act);
}

function compromise(registry, act) {
  registry.acts.push(act);
  judgeAgain(registry, act);
}

function issuer(registry, act) {
  registry.setIssuer(act.about, stateOf(act.act === "suspend" ? "suspended" : "reinstated", act));
  registry.acts.push(act);
}

function policy(registry, act) {
  registry.most = act.most;
  registry.acts.push(act);
}

function revoke(registry, act) {
  for (const leaf of act.list.leaves) registry.fall(leaf, act);
}
