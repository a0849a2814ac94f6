// A proof as bytes (docs/format.md 11.1): the statement, its receipt, and the parts that lead to
// the keys, decoded wholly before anything is verified.

import { toUtf8 } from "./bytes.js";
import { Reader } from "./cbor.js";
import { checkFingerprint } from "./fingerprint.js";
import { must } from "./refused.js";
import { decodeReceipt } from "./seal.js";
import { decodeEntry, decodeStatement } from "./statement.js";
import { readStatusPath } from "./status.js";
import { readPath } from "./tree.js";

const RECEIPTS = 394n;
const PARTS = -1347571458n;
const LONGEST = 1048576;
const MOST_REGISTRY = 1024;
const LEAST_STATUSES = 3;
const MOST_STATUSES = 35;
/** Of the parts that are always there. */
const LABELS = 7;
const LONGEST_NOTE = 65536;
const MOST_TIMESTAMPS = 16;
const LONGEST_TIMESTAMP = 65536;

/** Step 1 of 11.3, form. @param {Uint8Array} bytes */
export function decodeProof(bytes) {
  must(
    bytes.length <= LONGEST,
    "too-large",
    `a proof of ${bytes.length} bytes, more than ${LONGEST}`,
  );
  // A copy, since others may write to the bytes while signatures are awaited.
  const statement = decodeStatement(new Uint8Array(bytes), "proof");
  const [receipts, parts] = statement.unprotected;
  const formed =
    receipts?.label === RECEIPTS &&
    receipts.way === "[" &&
    parts?.label === PARTS &&
    parts.way === "";
  must(formed, "header", "proof: its unprotected header is not one receipt and the parts");
  return { statement, ...readParts(parts.bytes), receipt: decodeReceipt(receipts.bytes) };
}

function readParts(bytes) {
  const reader = Reader.whole(bytes, "parts of the proof");
  const labels = reader.map();
  reader.must(labels >= LABELS && labels <= LABELS + 2, `${labels} labels, not 7 to 9`);
  reader.key(1);
  const version = reader.uint();
  must(version === 1n, "version", `a proof of version ${version}, not 1`);
  reader.key(2);
  const document = readDocument(reader);
  reader.key(3);
  const sealed = readProven(reader, "sealed");
  reader.key(4);
  const head = readProven(reader, "head");
  reader.key(5);
  const registry = Array.from({ length: several(reader, 1, MOST_REGISTRY) }, (_, i) =>
    readProven(reader, `registry entry ${i}`),
  );
  reader.key(6);
  const first = decodeReceipt(reader.bytes(), "first receipt");
  reader.key(7);
  const statuses = Array.from({ length: several(reader, LEAST_STATUSES, MOST_STATUSES) }, () =>
    readStatusPath(reader),
  );
  return { document, sealed, head, registry, first, statuses, ...readAttested(reader, labels) };
}

/** What others signed of the head, and may be left out. */
function readAttested(reader, labels) {
  const attested = { checkpoint: null, timestamps: [] };
  for (let at = LABELS; at < labels; at++) {
    const label = reader.uint();
    if (label === 8n && at === LABELS) attested.checkpoint = toUtf8(reader.text());
    else if (label === 9n && at === labels - 1) attested.timestamps = readTimestamps(reader);
    else reader.must(false, `label ${label} is not known, or not in its place`);
  }
  const length = attested.checkpoint?.length ?? 0;
  reader.must(length <= LONGEST_NOTE, `a checkpoint of ${length} bytes`);
  return attested;
}

function readTimestamps(reader) {
  return Array.from({ length: several(reader, 1, MOST_TIMESTAMPS) }, () => {
    const token = reader.bytes();
    const fits = token.length >= 1 && token.length <= LONGEST_TIMESTAMP;
    reader.must(fits, `a time stamp of ${token.length} bytes`);
    return token;
  });
}

function several(reader, least, most) {
  const count = reader.array();
  reader.must(count >= least && count <= most, `${count} items, not ${least} to ${most}`);
  return count;
}

function readDocument(reader) {
  reader.array(3);
  const fingerprint = checkFingerprint(reader.bytes());
  return { fingerprint, index: reader.uint(), path: readPath(reader) };
}

function readProven(reader, what) {
  reader.array(3);
  const statement = decodeEntry(reader.bytes(), what);
  return { what, statement, index: reader.uint(), path: readPath(reader) };
}
