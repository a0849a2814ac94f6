// What statements say, kind by kind (docs/format.md 5.4 to 5.10, in the order of 5.12, 6): each
// field with its type, then its value.

import { isDnsName } from "./identity.js";
import { LEDGER_USES, readKey } from "./key.js";
import { MOST_FINGERPRINTS } from "./list.js";
import { must, quote } from "./refused.js";

const MEDIA_TYPES = new Set([
  "application/json",
  "application/octet-stream",
  "application/pdf",
  "application/vnd.oasis.opendocument.text",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/xml",
  "application/zip",
  "image/jpeg",
  "image/png",
  "image/svg+xml",
  "image/tiff",
  "image/webp",
  "message/rfc822",
  "text/csv",
  "text/html",
  "text/plain",
  "text/xml",
]);
const REASONS = ["unspecified", "issued-in-error", "withdrawn", "obtained-by-fraud", "superseded"];
const ACTS = ["add", "replace", "retire", "stop", "compromise"];
const HIDDEN = /[\p{Cc}\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/u;
const SPACE_AT_END = /^\p{White_Space}|\p{White_Space}$/u;

export function isReason(text) {
  return REASONS.includes(text);
}

export function checkMediaType(text) {
  must(MEDIA_TYPES.has(text), "field", `the media type ${quote(text)} is not in the list`);
  return text;
}

/** By kind: how many keys the payload has, and the reader of them. */
export const PAYLOADS = {
  genesis: [4, readGenesis],
  enroll: [6, readEnroll],
  certify: [3, readCertify],
  revoke: [3, readRevoke],
  key: [3, readKeyAct],
  issuer: [2, readIssuerAct],
  policy: [3, readPolicy],
  block: [7, readBlock],
};

/** The next field: its key, then the reader stands at its value. */
function field(reader, number) {
  reader.key(number);
  return reader;
}

function listed(reader, use) {
  return { ...readKey(reader, use), possession: reader.bytes() };
}

function version(reader) {
  const found = reader.uint();
  must(found === 1n, "version", `format version ${found}, not 1`);
}

function limits(reader) {
  reader.map(1);
  const most = field(reader, 1).uint();
  must(most >= 1n && most <= MOST_FINGERPRINTS, "field", `a policy of ${most} documents in a list`);
  return Number(most);
}

function documents(reader) {
  const count = reader.uint();
  must(count >= 1n && count <= MOST_FINGERPRINTS, "list-count", `a list of ${count} documents`);
  return Number(count);
}

function readGenesis(reader) {
  const random = field(reader, 1).bytes(32);
  version(field(reader, 2));
  const count = field(reader, 3).array();
  const all = LEDGER_USES.length;
  reader.must(count === all || count === all - 1, `${count} keys of the ledger, not 4 or 5`);
  const keys = LEDGER_USES.slice(0, count).map((wanted) => {
    reader.array(3);
    const use = reader.text();
    must(use === wanted, "field", `a key of use ${quote(use)}, where ${wanted} belongs`);
    return { use, ...listed(reader, use) };
  });
  return { random, keys, most: limits(field(reader, 4)) };
}

function readEnroll(reader) {
  const seq = field(reader, 1).uint();
  const id = field(reader, 2).text();
  must(isDnsName(id), "field", `${quote(id)} is no issuer id`);
  const legalName = field(reader, 3).text();
  const country = field(reader, 4).text();
  const registration = field(reader, 5).text();
  field(reader, 6).array(2);
  const key = listed(reader, "issuer");
  checkLegalName(legalName);
  must(/^[A-Z]{2}$/.test(country), "field", `${quote(country)} is no country of two letters A-Z`);
  const good = /^[A-Z0-9.-]{1,32}$/.test(registration);
  must(good, "field", `the registration ${quote(registration)} is not 1 to 32 of A-Z 0-9 - .`);
  return { seq, id, legalName, country, registration, key };
}

function checkLegalName(name) {
  const length = new TextEncoder().encode(name).length;
  must(length >= 1 && length <= 200, "field", `a legal name of ${length} bytes, not 1 to 200`);
  must(!SPACE_AT_END.test(name), "field", `the legal name ${quote(name)} has blanks at its ends`);
  must(!HIDDEN.test(name), "field", `the legal name ${quote(name)} has characters that hide`);
}

function readCertify(reader) {
  const root = field(reader, 1).bytes(32);
  const count = documents(field(reader, 2));
  return { root, count, mediaType: checkMediaType(field(reader, 3).text()) };
}

function readRevoke(reader) {
  const root = field(reader, 1).bytes(32);
  const count = documents(field(reader, 2));
  const reason = field(reader, 3).text();
  must(isReason(reason), "field", `${quote(reason)} is no reason`);
  return { root, count, reason };
}

function readKeyAct(reader) {
  const seq = field(reader, 1).uint();
  const act = field(reader, 2).text();
  field(reader, 3);
  must(ACTS.includes(act), "field", `${quote(act)} is no act on a key`);
  if (act === "retire" || act === "stop") {
    reader.array(0);
    return { seq, act };
  }
  if (act === "compromise") {
    reader.array(1);
    return { seq, act, since: reader.uint() };
  }
  reader.array(3);
  const name = reader.text();
  const good = act === "add" ? isDnsName(name) : LEDGER_USES.includes(name);
  must(
    good,
    "field",
    `${quote(name)} is no ${act === "add" ? "issuer id" : "use of a ledger's key"}`,
  );
  return { seq, act, name, key: listed(reader, act === "add" ? "issuer" : name) };
}

function readIssuerAct(reader) {
  const seq = field(reader, 1).uint();
  const act = field(reader, 2).text();
  must(act === "suspend" || act === "reinstate", "field", `${quote(act)} is no act on an issuer`);
  return { seq, act };
}

function readPolicy(reader) {
  const seq = field(reader, 1).uint();
  version(field(reader, 2));
  return { seq, most: limits(field(reader, 3)) };
}

function readBlock(reader) {
  return {
    height: field(reader, 1).uint(),
    previous: field(reader, 2).bytes(32),
    first: field(reader, 3).uint(),
    size: field(reader, 4).uint(),
    documents: field(reader, 5).uint(),
    time: field(reader, 6).uint(),
    statusRoot: field(reader, 7).bytes(32),
  };
}
