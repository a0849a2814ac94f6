// How a document comes to its outcome: it becomes fingerprints, then its proof is verified, or the
// ledger is asked. Nothing is shown here; what is true is decided in judge.js.
import { Refused, hasEd25519 } from "../js/index.js";
import { hash } from "./hashing.js";
import { PROOF_BYTES_MAX } from "./intake.js";
import { believe, judge, judgeProof } from "./judge.js";
import { Behind, Curious, Refusal, Unreachable, statuses } from "./ledger.js";
import { Improper } from "./shape.js";

const bare = (outcome, more = {}) => ({ outcome, certifications: [], ...more });

/**
 * The outcome of an item. `how`: the `trust`; `who()`, which has the ledger say who it is, once for
 * all that was brought together; `byPrefix`; a `signal` that ends it; `progress` of reading, and
 * `read()` when that is done.
 */
export async function outcomeOf(item, how) {
  try {
    if (!item.fingerprints) {
      if (!item.document) return bare("alone");
      const both = await legible(hash(item.document, how.progress));
      item.fingerprints = [both.blake3, both.sha256];
      how.read();
    }
    return await (item.proof && !item.isAsked ? offline(item, how) : online(item, how));
  } catch (error) {
    return failed(error);
  }
}

/** What comes of reading a file: the reader's browser may not let it. */
class Illegible extends Error {}

function legible(reading) {
  return reading.catch((error) => {
    throw new Illegible(error.message);
  });
}

/** Why there is no answer. An error that nobody expected is said too, and left to the console. */
function failed(error) {
  const because = (outcome, code) => bare(outcome, { code, why: error.message });
  if (error instanceof Illegible) return bare("unreadable");
  if (error instanceof Improper) return because("lie", "malformed");
  if (error instanceof Refused) return because("lie", error.code);
  if (error instanceof Curious) return because("curious", "prefix-too-short");
  if (error instanceof Behind) {
    const { height, time_ms: timeMs } = error.head;
    return {
      ...because("behind", "answer"),
      head: { height, timeMs },
      newest: error.newest.height,
    };
  }
  if (error instanceof Unreachable || error instanceof Refusal)
    return because("unreachable", "unreachable");
  reportError(error);
  return because("failed", "page");
}

/** With the proof alone. Against a pinned identity nobody is asked for anything. */
async function offline({ proof, fingerprints }, { trust, who }) {
  if (!trust.identity) await who();
  if (!(await hasEd25519())) return bare("unable");
  const { identity } = trust;
  if (!identity) return bare("nameless");
  if (proof.size > PROOF_BYTES_MAX) return bare("refused", { code: "too-large", why: "" });
  const bytes = new Uint8Array(await legible(proof.arrayBuffer()));
  return judgeProof(bytes, fingerprints, identity, Date.now());
}

/** By the ledger, which learns nothing before it has said who it is. */
async function online(item, { trust, who, byPrefix, signal }) {
  await who();
  if (trust.isStranger) return bare("stranger");
  if (trust.failure) throw trust.failure;
  const asked = { byPrefix: byPrefix && !item.isNamed, signal };
  const said = await statuses(item.fingerprints, asked);
  if (!trust.isAble) return believe(said);
  return { ...(await judge(said, trust.identity, Date.now())), prefix: crowd(said) };
}

/** Among how many documents that begin so it hides; null: it was asked for by name. */
function crowd(said) {
  if (!said[0].prefix) return null;
  const digits = Math.max(...said.map(({ prefix }) => prefix.digits));
  const counts = (some) => some.map(({ prefix }) => prefix.count);
  const found = said.filter(({ certifications }) => certifications.length > 0);
  const count =
    found.length > 0
      ? Math.min(...counts(found))
      : counts(said).reduce((sum, count) => sum + count, 0);
  return { digits, count };
}
