// Checkpoints: the head of the tree as a C2SP signed note (docs/format.md 8.3).

import { equal, fromBase64, fromUtf8, toUtf8 } from "./bytes.js";
import { verifySignature } from "./ed25519.js";
import { isOrigin } from "./identity.js";
import { must, quote } from "./refused.js";
import { sha256 } from "./sha256.js";

const LONGEST = 65536;
const LINE = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/]+=*)$/u;

/**
 * The size and root of a note that the ledger signed.
 * @param {Uint8Array} note as it came
 * @param {string} origin @param {Uint8Array} key the note key, a strict one
 */
export async function verifyCheckpoint(note, origin, key) {
  const { text, lines } = split(note);
  const head = readText(text);
  must(isOrigin(head.origin), "origin", `checkpoint: ${quote(head.origin)} is no origin`);
  bad(head.origin === origin, `it is of ${head.origin}`);
  const keyId = sha256(toUtf8(origin), Uint8Array.of(0x0a, 0x01), key).subarray(0, 4);
  let signed = false;
  for (const line of lines) {
    const { name, bytes } = readLine(line);
    if (name !== origin || !equal(bytes.subarray(0, 4), keyId)) continue;
    await verifySignature(key, toUtf8(text), bytes.subarray(4));
    signed = true;
  }
  must(signed, "signature", "checkpoint: it has no signature of the ledger");
  return { size: head.size, root: head.root };
}

function bad(holds, message) {
  must(holds, "checkpoint", `checkpoint: ${message}`);
}

/** The last empty line parts text and signatures; every line is ended. */
function split(note) {
  bad(note.length <= LONGEST, `${note.length} bytes, more than ${LONGEST}`);
  const whole = fromUtf8(note);
  bad(whole !== null, "it is not UTF-8");
  bad(!/[^\n\P{Cc}]/u.test(whole), "it has control characters");
  const parting = whole.lastIndexOf("\n\n");
  bad(parting >= 0, "no empty line parts text and signatures");
  const signatures = whole.slice(parting + 2);
  return { text: whole.slice(0, parting + 1), lines: endedLines(signatures) };
}

function* endedLines(signatures) {
  bad(signatures !== "", "it has no signature line");
  const lines = signatures.split("\n");
  const rest = lines.pop();
  yield* lines;
  bad(rest === "", "its last line is not ended");
}

function readText(text) {
  const lines = text.split("\n");
  bad(lines.length === 4, "its text is not three lines");
  const [origin, size, root] = lines;
  bad(/^[1-9][0-9]{0,19}$/.test(size), `${quote(size)} is no size`);
  bad(BigInt(size) >= 2n && BigInt(size) < 2n ** 64n, `a size of ${size}`);
  const bytes = fromBase64(root);
  bad(bytes?.length === 32, `${quote(root)} is no root`);
  return { origin, size: BigInt(size), root: bytes };
}

function readLine(line) {
  const [, name, base64] = LINE.exec(line) ?? [];
  const bytes = name ? fromBase64(base64) : null;
  bad(bytes?.length >= 5, `${quote(line)} is no signature line`);
  return { name, bytes };
}
