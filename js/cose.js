// COSE_Sign1 (docs/format.md 5.1, 5.2, and 5.12 1 to 4): its form, its closed sets of headers, its
// signature. What a statement says is not looked at here.

import { concat } from "./bytes.js";
import { cborArray, cborBytes, cborText, Reader } from "./cbor.js";
import { verifySignature } from "./ed25519.js";
import { must, refuse } from "./refused.js";

export const LONGEST_ENTRY = 65535;
/** What signs statements, and what only shows that a key of its own kind is held. */
export const EDDSA = -8n;
export const ML_DSA_44 = -48n;

const EMPTY = Uint8Array.of(0xa0);
const CONTENT_TYPE = 3n;
const KID = 4n;
const CLAIMS = 15n;
const HASH_ALGORITHM = 258n;
const PREIMAGE_TYPE = 259n;
const VDS = 395n;

/** Steps 1 and 2: tag 18 around four, the protected header being one map. */
export function readSign1(bytes, what) {
  const reader = Reader.whole(bytes, what);
  reader.tag();
  reader.array(4);
  const header = reader.bytes();
  reader.must(reader.isMap(), "an unprotected header is wanted, a map");
  const unprotected = reader.raw();
  const payload = reader.isNull() ? reader.null() : reader.bytes();
  const signature = reader.bytes();
  must(header.length <= LONGEST_ENTRY, "too-large", `${what}: a header of ${header.length} bytes`);
  const labels = Reader.whole(header, `${what}: protected header`).labels();
  return { what, protected: header, labels, unprotected, payload: payload ?? null, signature };
}

/** alg comes first: none is `header`, another is `algorithm`. */
export function readAlgorithm({ what, labels }, wanted = EDDSA) {
  const value = labels.find(({ label }) => label === 1n)?.value;
  must(value?.isNumber() || value?.isText(), "header", `${what}: no algorithm in its header`);
  const holds = value.isNumber() && value.number() === wanted;
  must(holds, "algorithm", `${what}: its algorithm is not ${wanted}`);
}

/** Steps 1 to 4: also which of the closed sets it is, with all its values. */
export function decodeSign1(bytes, what) {
  const sign1 = readSign1(bytes, what);
  readAlgorithm(sign1);
  const unprotected = readUnprotected(sign1);
  for (const { label } of unprotected) {
    must(label < 1n || label > 7n, "header", `${what}: label ${label} in the unprotected header`);
  }
  return { ...sign1, unprotected, ...readProtected(sign1) };
}

/**
 * The unprotected header: each label with its one byte string, and the way to that. A map on the way
 * stands there as its one key, and an array as `[`: `{396: {-1: [x]}}` is label 396, way `-1 [`,
 * bytes x. Where an array or map is empty the way ends with `nothing`, and there are no bytes.
 */
function readUnprotected({ what, unprotected }) {
  const two = 0xa2; // the first byte of a map of two
  must(unprotected[0] <= two, "header", `${what}: more than two labels in the unprotected header`);
  const labels = Reader.part(unprotected, `${what}: unprotected header`).labels();
  return labels.map(({ label, value }) => {
    must(label !== null, "header", `${what}: an unprotected label that is no number`);
    const way = [];
    while (!value.isBytes()) {
      must(value.isArray() || value.isMap(), "header", `${what}: unprotected ${label} is no bytes`);
      const isArray = value.isArray();
      const count = isArray ? value.array() : value.map();
      must(count <= 1, "header", `${what}: unprotected ${label} branches`);
      if (count === 0) return { label, way: [...way, "nothing"].join(" "), bytes: null };
      const named = isArray || value.isNumber();
      must(named, "header", `${what}: unprotected ${label} has a key that is no number`);
      way.push(isArray ? "[" : value.number());
    }
    return { label, way: way.join(" "), bytes: value.bytes() };
  });
}

/** The closed sets of 5.1: their labels, after alg. */
const SETS = new Map([
  [[CONTENT_TYPE, KID, CLAIMS].join(), "statement"],
  [[KID, CLAIMS, HASH_ALGORITHM, PREIMAGE_TYPE].join(), "envelope"],
  [[KID, CLAIMS, VDS].join(), "seal"],
  [[CONTENT_TYPE, KID].join(), "possession"],
]);

/**
 * @typedef {object} Header what a protected header says, of which each set has some
 * @property {string} set
 * @property {string} contentType
 * @property {Uint8Array} kid
 * @property {{iss: string, sub: string, aud: string | null, iat: bigint}} claims
 * @property {string} preimageType
 */

/** @returns {Header} */
function readProtected({ what, labels }) {
  const found = labels.map(({ label }) => label).join();
  const set = SETS.get(found.replace(/^1,/, ""));
  must(set && found.startsWith("1,"), "header", `${what}: its header has other labels`);
  const header = /** @type {Header} */ ({ set });
  for (const { label, value } of labels) {
    if (label === CONTENT_TYPE) header.contentType = text(value, what);
    if (label === KID) header.kid = kid(value, what);
    if (label === CLAIMS) header.claims = readClaims(value, what);
    if (label === HASH_ALGORITHM) constant(value, -16n, what);
    if (label === PREIMAGE_TYPE) header.preimageType = text(value, what);
    if (label === VDS) constant(value, 1n, what);
  }
  return header;
}

function text(value, what) {
  must(value.isText(), "header", `${what}: a header that is no text`);
  return value.text();
}

function kid(value, what) {
  const bytes = value.isBytes() ? value.bytes() : null;
  must(bytes?.length === 32, "header", `${what}: a kid that is not 32 bytes`);
  return bytes;
}

function constant(value, wanted, what) {
  const holds = value.isNumber() && value.number() === wanted;
  must(holds, "header", `${what}: a header that is not ${wanted}`);
}

function readClaims(value, what) {
  const wrong = () => refuse("header", `${what}: its claims are not iss, sub, aud and iat`);
  if (!value.isMap()) wrong();
  const labels = value.labels();
  const found = labels.map(({ label }) => label).join();
  if (found !== "1,2,3,6" && found !== "1,2,6") wrong();
  const claims = labels.map(({ label, value: claim }) => {
    if (label !== 6n) return text(claim, what);
    const iat = claim.isNumber() ? claim.number() : -1n;
    return iat >= 0n ? iat : wrong();
  });
  const [iss, sub] = claims;
  return { iss, sub, aud: claims.length === 4 ? claims[2] : null, iat: claims[claims.length - 1] };
}

/** The COSE_Sign1 without its unprotected header: of a statement, the entry. */
export function withoutUnprotected({ protected: header, payload, signature }) {
  const rest = cborArray(cborBytes(header), EMPTY, cborBytes(payload), cborBytes(signature));
  return concat(Uint8Array.of(0xd2), rest);
}

/** Refuses what is not signed by that key; `detached` is the payload where it is nil. */
export function checkSignature(sign1, x, detached = null) {
  return verifySignature(x, toBeSigned(sign1, sign1.payload ?? detached), sign1.signature);
}

/** The message that a signature is over. */
export function toBeSigned(sign1, payload) {
  return cborArray(
    cborText("Signature1"),
    cborBytes(sign1.protected),
    cborBytes(new Uint8Array(0)),
    cborBytes(payload),
  );
}
