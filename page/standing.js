// What became of a certification, in words: whether it stands, and what else must be known. The
// words are those of `probant verify`.
import { ago, when } from "./moment.js";
import { named } from "./name.js";
import { counted, number, word } from "./words.js";

/** Whether it stands, and if not, why and since when. */
export function standing({ standing, fall, issuer, key, head }, { outcome, offline, nowMs }) {
  const by = named(issuer.legalName);
  if (fall) {
    const values = { by, time: when(fall.timeMs), reason: word(`reason.${fall.reason}`) };
    return word(`standing.${standing}`, values);
  }
  const since = key.state ? when(key.state.sinceMs) : "";
  if (standing === "distrusted")
    return word(`standing.distrusted.${key.state.state}`, { by, since });
  if (outcome === "linked") return word("standing.linked", { by });
  // A proof file may be old: it says when that stood, and not that it does.
  const values = { by, height: number(head.height), age: ago(head.timeMs, nowMs) };
  return word(offline ? "standing.stood" : "standing.certified", values);
}

/** What is not said by it. */
export function meaning(outcome) {
  const stands = ["certified", "stood", "linked"].includes(outcome);
  return stands ? "says.certified" : "says.fallen";
}

/** How that was found. */
export function how({ offline }, { pinned }) {
  if (!offline) return word("answer.online");
  return word(pinned ? "answer.offline" : "answer.offline.first");
}

/** Most issuers that are named one by one. */
const NAMED_MAX = 4;

/** What must not be missed beside the outcome: it is said in the glance, and on paper. */
export function cautions({ name, result }) {
  const { certifications, offline, fallen = [], notShown, mayHaveMore } = result;
  if (certifications.length === 0) return [];
  const all = fallen.slice(0, NAMED_MAX).map(({ id, legalName, isReplaced }) => {
    const by = legalName ? `${named(legalName)} (${id})` : id;
    return word(isReplaced ? "caution.replaced" : "caution.withdrawn", { by });
  });
  if (mayHaveMore) all.push(counted("note.atleast", notShown));
  if (name === null) all.push(word("caution.linked"));
  if (offline) all.push(word("caution.offline"));
  return all;
}

/** What changes nothing about whether it stands, and is still worth knowing. */
export function notes({ result }, { pinned }) {
  const { outcome, certifications, offline, fallen, notShown, mayHaveMore, prefix } = result;
  const all = certifications.length > 0 ? notesOf(certifications[0].verified) : [];
  if (notShown > 0 && !mayHaveMore) all.push(counted("note.notshown", notShown));
  if (certifications.length > 0 && !pinned) all.push(word("note.first"));
  const isSole = ["certified", "linked"].includes(outcome) && !offline && fallen.length === 0;
  if (isSole) all.push(word("note.complete"));
  if (outcome === "unknown") all.push(word("note.unknown"));
  if (prefix?.count === 0) all.push(word("note.prefix.none", prefix));
  else if (prefix) all.push(counted("note.prefix", prefix.count, prefix));
  return all;
}

function notesOf({ standing, key, issuerState }) {
  const notes = [];
  if (key.state && key.state.state !== "current" && standing !== "distrusted") {
    notes.push(word(`note.key.${key.state.state}`, { since: when(key.state.sinceMs) }));
  }
  if (issuerState?.state === "suspended") {
    notes.push(word("note.issuer.suspended", { since: when(issuerState.sinceMs) }));
  }
  return notes;
}
