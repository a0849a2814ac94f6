// What became of a certification, in a sentence. The words are those of `probant verify`.
import { ago, when } from "./moment.js";
import { number, word } from "./words.js";

/** Whether it stands, and if not, why and since when. */
export function standing({ standing, fall, issuer, key, head }, { offline, nowMs }) {
  const by = issuer.legalName;
  if (fall) {
    const values = { by, time: when(fall.timeMs), reason: word(`reason.${fall.reason}`) };
    return word(`standing.${standing}`, values);
  }
  const since = key.state ? when(key.state.sinceMs) : "";
  if (standing === "distrusted")
    return word(`standing.distrusted.${key.state.state}`, { by, since });
  // A proof file may be old: it says when that stood, and not that it does.
  const values = { by, height: number(head.height), age: ago(head.timeMs, nowMs) };
  return word(offline ? "standing.stood" : "standing.certified", values);
}

/** What changes nothing about whether it stands, and is still worth knowing. */
export function notes({ standing, key, issuerState }) {
  const notes = [];
  if (key.state && key.state.state !== "current" && standing !== "distrusted") {
    notes.push(word(`note.key.${key.state.state}`, { since: when(key.state.sinceMs) }));
  }
  if (issuerState?.state === "suspended") {
    notes.push(word("note.issuer.suspended", { since: when(issuerState.sinceMs) }));
  }
  return notes;
}
