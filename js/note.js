// Signed notes: a text, and lines of those who signed it (docs/format.md 8.3 to 8.5).

import { equal, fromBase64, fromUtf8 } from "./bytes.js";
import { verifyCosignature } from "./cosignature.js";
import { must, quote } from "./refused.js";

const LONGEST = 65536;
const LINE = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/]+=*)$/u;

/** Refuses what is no note, or no checkpoint. */
export function bad(holds, message) {
  must(holds, "checkpoint", `checkpoint: ${message}`);
}

/** The last empty line parts text and signatures. @param {Uint8Array} note as it came */
export function splitNote(note) {
  bad(note.length <= LONGEST, `${note.length} bytes, more than ${LONGEST}`);
  const whole = fromUtf8(note);
  bad(whole !== null, "it is not UTF-8");
  bad(!/[^\n\P{Cc}]/u.test(whole), "it has control characters");
  const parting = whole.lastIndexOf("\n\n");
  bad(parting >= 0, "no empty line parts text and signatures");
  return { text: whole.slice(0, parting + 1), signatures: whole.slice(parting + 2) };
}

/** Every line is ended. */
function* endedLines(signatures) {
  bad(signatures.endsWith("\n"), "its last line is not ended");
  yield* signatures.slice(0, -1).split("\n");
}

function readLine(line) {
  const [, name, base64] = LINE.exec(line) ?? [];
  const bytes = name ? fromBase64(base64) : null;
  bad(bytes?.length >= 5, `${quote(line)} is no signature line`);
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/**
 * Who of `keys` signed, in the order of the lines, and when: `seconds` is null where no time is
 * said, and `checked` false where nothing here can check it. Lines of other keys are ignored; one of
 * theirs that does not verify refuses the note.
 * @param {{text: string, signatures: string}} note @param {object[]} keys see verifier_key.js
 * @param {Function} [mlDsa44] see index.d.ts
 */
export async function signaturesOf(note, keys, mlDsa44) {
  const signed = [];
  for (const line of endedLines(note.signatures)) {
    const { name, id, signature } = readLine(line);
    for (const key of keys) {
      if (key.name !== name || !equal(key.id, id)) continue;
      signed.push({ key, ...(await verifyCosignature(key, note.text, signature, mlDsa44)) });
    }
  }
  return signed;
}
