// What is true of a document: what proofs show, and nothing that a ledger only says. A ledger whose
// words and proofs do not agree gives no verdict at all. Neither the network nor the page is here.
import { Refused, verifyProof } from "../js/index.js";

/**
 * What an answer that was just asked for must not be older than: a ledger seals every 4 minutes.
 */
const AGE_MS_MAX = 10 * 60_000;
/** Most that a head may be ahead of this machine's clock. */
const AHEAD_MS_MAX = 5 * 60_000;
/** Most certifications that it lists. */
const LISTED_MAX = 100;

/** Of several certifications the first of these that one has is the verdict. */
const VERDICTS = ["certified", "superseded", "revoked", "distrusted", "unknown"];
const rank = (verdict) => VERDICTS.indexOf(verdict);
const best = (verdicts) => VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? "unknown";

/** The ledger says what its own proofs do not show. */
class Contradiction extends Error {
  code = "answer";
  steps = [];
  step = null;
}

/** The outcome of asking a ledger, which answered with `statuses`, one for each fingerprint. */
export async function judge(statuses, identity, nowMs) {
  const head = statuses
    .map((status) => status.head)
    .reduce((a, b) => (a.time_ms <= b.time_ms ? a : b));
  const shown = {
    identity,
    head: { height: head.height, timeMs: head.time_ms },
    certifications: [],
  };
  try {
    for (const status of statuses) {
      shown.certifications.push(...(await held(status, identity)));
    }
  } catch (error) {
    return { ...shown, ...refusedBy(error), outcome: "lie", certifications: [] };
  }
  shown.certifications.sort(byWorth);
  const listed = statuses.flatMap((status) => status.certifications);
  shown.notShown = listed.length - shown.certifications.length;
  shown.fallen = fallen(listed, shown.certifications);
  shown.mayHaveMore = statuses.some((status) => status.certifications.length >= LISTED_MAX);
  const late = notFresh(head.time_ms, nowMs, AGE_MS_MAX);
  if (late) return { ...shown, outcome: late, certifications: [] };
  return { ...shown, outcome: best(shown.certifications.map((one) => one.verified.standing)) };
}

/**
 * The outcome of a proof that was brought with its document, however old it is: no ledger is
 * asked.
 */
export async function judgeProof(proof, fingerprints, identity, nowMs) {
  try {
    const verified = await verifyProof(proof, identity, fingerprints);
    const shown = {
      identity,
      head: verified.head,
      certifications: [{ verified, proof }],
      offline: true,
    };
    const late = notFresh(verified.head.timeMs, nowMs, Infinity);
    if (late) return { ...shown, outcome: late, certifications: [] };
    return { ...shown, outcome: verified.standing };
  } catch (error) {
    const refused = { ...refusedBy(error), identity, certifications: [], offline: true };
    return { ...refused, outcome: refused.code === "document" ? "altered" : "refused" };
  }
}

/**
 * The outcome by now. What stands, or is not there, is known for as long as an answer is fresh; what
 * has fallen stays so.
 */
export function outcomeAt({ outcome, offline, head }, nowMs) {
  const mayChange = ["certified", "unknown"].includes(outcome);
  if (!mayChange || nowMs - head.timeMs <= AGE_MS_MAX) return outcome;
  return offline ? "stood" : "aged";
}

/** What a ledger says, where nothing can be verified: its word, and called so. */
export function believe(statuses) {
  const said = best(statuses.map((status) => status.verdict));
  return { outcome: "unverified", said, certifications: [] };
}

function refusedBy(error) {
  if (!(error instanceof Refused || error instanceof Contradiction)) throw error;
  const { code, message, steps, step } = error;
  return { code, why: message, steps: steps ?? [], step };
}

function notFresh(timeMs, nowMs, ageMsMax) {
  if (timeMs - nowMs > AHEAD_MS_MAX) return "ahead";
  return nowMs - timeMs > ageMsMax ? "stale" : null;
}

/** Those that stand first, then the newest. */
function byWorth({ verified: a }, { verified: b }) {
  return rank(a.standing) - rank(b.standing) || b.entry - a.entry;
}

/**
 * Who else withdrew or replaced the same bytes, by the ledger's word: whoever says that they stand
 * must not be the last to be heard. Those that certified them first come first.
 */
function fallen(listed, [first, ...others]) {
  if (!["certified", "superseded"].includes(first?.verified.standing)) return [];
  const names = new Map(
    [first, ...others].map(({ verified: { issuer } }) => [issuer.id, issuer.legalName]),
  );
  const all = listed
    .filter(({ fall, entry }) => fall && entry !== first.verified.entry)
    .sort((a, b) => a.entry - b.entry)
    .map(({ issuer, fall }) => ({
      id: issuer,
      legalName: names.get(issuer),
      isReplaced: fall.reason === "superseded",
    }));
  return [...new Map(all.map((one) => [one.id, one])).values()];
}

/** The certifications of one answer, each shown by its proof. */
async function held(status, identity) {
  const { certifications, proofs, fingerprint } = status;
  const listed = new Map(certifications.map((one) => [one.entry, one]));
  if (listed.size !== certifications.length) contradict("it lists one entry twice");
  const verdicts = certifications.map((one) => one.verdict);
  if (status.verdict !== best(verdicts)) {
    contradict(`it says ${status.verdict}, and what it lists is ${best(verdicts)}`);
  }
  const proven = new Set(proofs.map((one) => one.entry));
  if (proven.size < Math.min(listed.size, status.proofsMax)) {
    contradict(`it lists ${listed.size} certifications, and shows ${proven.size} by proofs`);
  }
  // Those that stand are shown first: what is not shown must not be better than what is.
  const all = [];
  for (const { entry, proof } of proofs) {
    const verified = await verifyProof(proof, identity, [fingerprint]);
    agree(listed.get(entry), verified, status);
    all.push({ verified, proof });
  }
  const shown = best(all.map((one) => one.verified.standing));
  if (shown !== status.verdict) contradict(`it says ${status.verdict}, and shows ${shown}`);
  return all;
}

/** That what is said of a certification is what its proof shows. */
function agree(said, verified, { fingerprint, head }) {
  if (!said) contradict("a proof is of an entry that it does not list");
  // Whose key was stolen may have withdrawn it too: the ledger says so, and no proof shows it.
  const falls = verified.standing === "distrusted" ? [] : [said.fall, verified.fall];
  const [theirFall, fall] = falls;
  const pairs = {
    fingerprint: [said.fingerprint, fingerprint],
    entry: [said.entry, verified.entry],
    issuer: [said.issuer, verified.issuer.id],
    block: [said.block, verified.sealed.height],
    time: [said.time_ms, verified.sealed.timeMs],
    verdict: [said.verdict, verified.standing],
    reason: [theirFall?.reason, fall?.reason],
    "entry of the fall": [theirFall?.entry, fall?.entry],
    replacement: [theirFall?.replacement ?? null, fall?.replacement ?? null],
    "height of the head": [head.height, verified.head.height],
    "size of the head": [head.size, verified.head.size],
    "time of the head": [head.time_ms, verified.head.timeMs],
  };
  for (const [what, [theirs, proven]] of Object.entries(pairs)) {
    if (theirs !== proven) contradict(`${what}: it says ${theirs}, and the proof shows ${proven}`);
  }
}

function contradict(why) {
  throw new Contradiction(why);
}
