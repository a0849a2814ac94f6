// The status map (docs/format.md 6.1): what has fallen, as of a block, in a sparse Merkle map. Its
// slots, their values, and the paths that show what a slot holds, or that it is empty.

import { concat, equal, toUtf8 } from "./bytes.js";
import { cborBytes, cborMap, cborNull, cborText, cborUint, Reader } from "./cbor.js";
import { checkFingerprint } from "./fingerprint.js";
import { isReason } from "./payload.js";
import { must, quote } from "./refused.js";
import { sha256 } from "./sha256.js";
import { readPath } from "./tree.js";

const DOMAIN = toUtf8("probant/status/v1");
const KEY_STATES = ["current", "retired", "stopped", "compromised", "void"];
const ISSUER_STATES = ["suspended", "reinstated"];
const LONGEST_PATH = 256;

/** Falls of one document, for one issuer, that can be set: 0 to 15. */
export const FALLS = 16;

function slot(kind, iss, rest) {
  const name = toUtf8(iss);
  const framed = Uint8Array.of(0, kind, name.length >> 8, name.length & 255);
  return sha256(DOMAIN, framed, name, rest);
}

/** Of fall n of a document, for the issuer that certified it. */
export function documentSlot(iss, fingerprint, n = 0) {
  return n === 0 ? slot(1, iss, fingerprint) : slot(4, iss, concat(fingerprint, Uint8Array.of(n)));
}

/** @param {string} owner @param {Uint8Array} kid */
export function keySlot(owner, kid) {
  return slot(2, owner, kid);
}

export function issuerSlot(id) {
  return slot(3, id, new Uint8Array(0));
}

/** What a slot holds, `of` being what it tells about: a document, key or issuer. */
export function decodeValue(bytes) {
  const reader = Reader.whole(bytes, "status value");
  const fields = reader.map();
  reader.must(fields === 4 || fields === 5, `a map of ${fields}`);
  return fields === 5 ? readFall(reader) : readState(reader);
}

function readFall(reader) {
  reader.key(1);
  const entry = reader.uint();
  reader.key(2);
  const time = reader.uint();
  reader.key(3);
  const kid = reader.bytes(32);
  reader.key(4);
  const reason = reader.text();
  must(isReason(reason), "field", `status value: ${quote(reason)} is no reason`);
  reader.key(5);
  const replacement = reader.isNull() ? null : checkFingerprint(reader.bytes());
  const fits = (replacement !== null) === (reason === "superseded");
  must(fits, "field", "status value: a replacement, if and only if it is superseded, is wanted");
  return { of: "document", entry, time, kid, reason, replacement };
}

function readState(reader) {
  reader.key(1);
  const state = reader.text();
  reader.key(2);
  const since = reader.uint();
  reader.key(3);
  const entry = reader.uint();
  reader.key(4);
  const by = reader.bytes(32);
  const of = KEY_STATES.includes(state) ? "key" : "issuer";
  const known = of === "key" || ISSUER_STATES.includes(state);
  must(known, "field", `status value: ${quote(state)} is no state`);
  return { of, state, since, entry, by };
}

/** A fall, or the state of a key or issuer, as bytes. */
export function encodeValue(value) {
  if ("reason" in value) {
    const { entry, time, kid, reason, replacement } = value;
    const last = replacement ? cborBytes(replacement) : cborNull;
    return cborMap(cborUint(entry), cborUint(time), cborBytes(kid), cborText(reason), last);
  }
  const { state, since, entry, by } = value;
  return cborMap(cborText(state), cborUint(since), cborUint(entry), cborBytes(by));
}

/** `value` and `bytes` of the slot's own leaf, or `other`, a leaf of another slot, or neither. */
export function decodeStatusPath(bytes) {
  const reader = Reader.whole(bytes, "status path");
  return readStatusPath(reader);
}

/** The same, as the next item of a CBOR reader. */
export function readStatusPath(reader) {
  reader.array(2);
  const found = { value: null, bytes: null, other: null };
  if (reader.isBytes()) {
    found.bytes = reader.bytes();
    found.value = decodeValue(found.bytes);
  } else if (reader.isNull()) {
    reader.null();
  } else {
    reader.array(2);
    found.other = { slot: reader.bytes(32), hash: reader.bytes(32) };
  }
  return { ...found, siblings: readPath(reader, LONGEST_PATH) };
}

const LEAF = Uint8Array.of(2);
const NODE = Uint8Array.of(3);
export const NOTHING = new Uint8Array(32);

export function leafOf(slotOf, valueHash) {
  return sha256(LEAF, slotOf, valueHash);
}

export function nodeOf(left, right) {
  return sha256(NODE, left, right);
}

export function bit(bytes, d) {
  return (bytes[d >> 3] >> (7 - (d & 7))) & 1;
}

/** The root that a path leads to; the caller compares it. */
export function statusRoot(path, wanted) {
  const { siblings, other } = path;
  if (other) {
    must(
      !equal(other.slot, wanted),
      "status",
      "a status path whose other slot is the one asked for",
    );
    for (let d = 0; d < siblings.length; d++) {
      must(bit(other.slot, d) === bit(wanted, d), "status", "a status path to a slot elsewhere");
    }
  }
  const low = siblings[0];
  must(!low || !equal(low, NOTHING), "status", "a status path that would end higher");
  let hash = NOTHING;
  if (path.value) hash = leafOf(wanted, sha256(path.bytes));
  if (other) hash = leafOf(other.slot, other.hash);
  siblings.forEach((sibling, i) => {
    const right = bit(wanted, siblings.length - 1 - i);
    hash = right ? nodeOf(sibling, hash) : nodeOf(hash, sibling);
  });
  return hash;
}
