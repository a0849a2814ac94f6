// Statements: what issuers, the operator and the ledger sign (docs/format.md 5). Decoding, in the
// order of 5.12, gives everything that one statement can tell without the ledger around it.

import { equal, toHex } from "./bytes.js";
import { Reader } from "./cbor.js";
import { decodeSign1, LONGEST_ENTRY, withoutUnprotected } from "./cose.js";
import { fingerprintText, ofSha256, parseFingerprint } from "./fingerprint.js";
import { isDnsName } from "./identity.js";
import { decodeList, MOST_REPLACEMENTS } from "./list.js";
import { checkMediaType, PAYLOADS } from "./payload.js";
import { must, quote, refuse } from "./refused.js";
import { leafHash } from "./tree.js";

const LIST = -1347571457n;
const LONGEST_SUBMISSION = 2293775;

/** Steps 1 to 9: all but what stands in the unprotected header. */
export function decodeStatement(bytes, what = "statement") {
  const sign1 = decodeSign1(bytes, what);
  must(sign1.payload !== null, "malformed", `${what}: it has no payload`);
  const said = sign1.set === "envelope" ? readEnvelope(sign1) : readPayload(sign1);
  const statement = { ...sign1, ...said, kid: toHex(sign1.kid) };
  checkDocument(statement);
  const entry = withoutUnprotected(sign1);
  must(entry.length <= LONGEST_ENTRY, "too-large", `${what}: an entry of ${entry.length} bytes`);
  checkSubject(statement);
  must(
    (statement.claims.aud === null) === (statement.kind === "genesis"),
    "header",
    `${what}: aud is there in genesis, or missing elsewhere`,
  );
  return { ...statement, leaf: leafHash(entry) };
}

/** An entry of the ledger. @param {Uint8Array} bytes */
export function decodeEntry(bytes, what = "entry") {
  const statement = decodeStatement(bytes, what);
  must(
    statement.unprotected.length === 0,
    "header",
    `${what}: its unprotected header is not empty`,
  );
  return statement;
}

/** What is sent to a ledger: the statement, and in `list` the list that it bears, or null. */
export function decodeSubmission(bytes) {
  must(bytes.length <= LONGEST_SUBMISSION, "too-large", `a submission of ${bytes.length} bytes`);
  const statement = decodeStatement(bytes, "submission");
  const [label, more] = statement.unprotected;
  const empty = !label;
  const listed = label?.label === LIST && label.way === "" && !more;
  must(empty || listed, "header", "submission: its unprotected header is neither empty nor a list");
  must(!bearsList(statement) || listed, "list-missing", "submission: its list did not come");
  must(
    bearsList(statement) || empty,
    "list-unexpected",
    "submission: a list that belongs to nothing",
  );
  return { ...statement, list: listed ? holdList(statement, label.bytes) : null };
}

export function certifies({ kind }) {
  return kind === "certify" || kind === "hash-envelope";
}

export function bearsList({ kind }) {
  return kind === "certify" || kind === "revoke";
}

/** The list of a statement, decoded and compared: count, root, the document of a list of one. */
export function holdList(statement, bytes) {
  const list = decodeList(bytes, statement.reason === "superseded");
  const holds =
    list.count === statement.count &&
    equal(list.root, statement.root) &&
    (!statement.document || equal(list.leaves[0].subarray(0, 34), statement.document));
  must(holds, "list-mismatch", "the list is not the one that the statement signs");
  return list;
}

function readPayload({ what, set, payload, contentType }) {
  must(set === "statement", "header", `${what}: the header of a ${set}`);
  const reader = Reader.whole(payload, `${what}: payload`);
  const [, kind] = /^application\/vnd\.probant\.([a-z]+)\+cbor$/.exec(contentType) ?? [];
  must(
    Object.hasOwn(PAYLOADS, kind ?? ""),
    "unknown-kind",
    `${what}: ${quote(contentType)} is no kind`,
  );
  const [keys, read] = PAYLOADS[kind];
  reader.map(keys);
  return { kind, ...read(reader) };
}

/** A hash envelope: a list of one, of which only the SHA-256 is said. */
function readEnvelope({ what, payload, preimageType }) {
  must(payload.length === 32, "field", `${what}: a hash of ${payload.length} bytes`);
  const mediaType = checkMediaType(preimageType);
  const document = ofSha256(payload);
  return { kind: "hash-envelope", root: leafHash(document), count: 1, mediaType, document };
}

/** Step 7: what sub has to be before the rest of it is looked at; `document` is that of one. */
function checkDocument(statement) {
  const { kind, claims, count, root, reason, act } = statement;
  if (bearsList(statement)) {
    const replaced = reason === "superseded";
    if (count === 1) statement.document = parseFingerprint(claims.sub);
    must(!replaced || count <= MOST_REPLACEMENTS, "list-count", `a list of ${count} replacements`);
    const holds = count !== 1 || replaced || equal(leafHash(statement.document), root);
    must(holds, "subject", "the document in sub is not the root of the list");
  }
  if (kind === "key" && !statement.key) {
    const [, kid] = /^key:([0-9a-f]{64})$/.exec(claims.sub) ?? [];
    must(kid, "subject", `${quote(claims.sub)} is not key: and a kid`);
    statement.about = kid;
  }
  if (kind === "issuer") {
    const id = claims.sub.startsWith("issuer:") ? claims.sub.slice(7) : "";
    must(isDnsName(id), "subject", `${act} ${quote(claims.sub)}: not issuer: and an issuer id`);
    statement.about = id;
  }
}

/** Step 9: the one sub that a statement can have. */
function checkSubject(statement) {
  const wanted = subjectOf(statement);
  const { sub } = statement.claims;
  if (sub !== wanted) refuse("subject", `the sub is ${quote(sub)}, and not ${quote(wanted)}`);
}

function subjectOf(statement) {
  const { kind, document, root, id, key, about, height } = statement;
  switch (kind) {
    case "genesis":
    case "policy":
      return kind;
    case "enroll":
      return `issuer:${id}`;
    case "issuer":
      return `issuer:${about}`;
    case "key":
      return `key:${key ? key.kid : about}`;
    case "block":
      return `block:${height}`;
    default:
      return document ? fingerprintText(document) : `batch:${toHex(root)}`;
  }
}
