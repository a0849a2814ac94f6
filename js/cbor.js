// Deterministic CBOR, the closed subset of docs/format.md 1: a reader that takes one item or
// refuses it, before anything is given a meaning; and the few writers that signatures need.

import { compare, concat, fromUtf8, toUtf8 } from "./bytes.js";
import { refuse } from "./refused.js";

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const NULL = 7;
const NAMES = ["number", "negative number", "byte string", "text", "array", "map", "tag", "null"];

const DEEPEST = 12;

/**
 * Reads item after item. All numbers are BigInt: sizes go up to 2^64 - 1. Only bytes that `whole`
 * or `part` let through get here, so that lengths fit and only types are left to be wrong.
 */
export class Reader {
  constructor(bytes, what) {
    this.data = bytes;
    this.what = what;
    this.at = 0;
    this.major = NULL;
    /** @type {number | bigint} */
    this.value = 0;
  }

  /** A reader of bytes that are one deterministic item and nothing else; `what` is for messages. */
  static whole(bytes, what) {
    const reader = new Reader(bytes, what);
    reader.walk(0);
    reader.must(reader.at === bytes.length, "bytes after the item");
    reader.at = 0;
    return reader;
  }

  /** A reader of an item of a whole that was read already: what `raw` and `labels` give. */
  static part(bytes, what) {
    return new Reader(bytes, what);
  }

  uint() {
    return BigInt(this.expect(UINT));
  }

  bytes(size = null) {
    const length = this.expect(BYTES);
    this.must(size === null || length === size, `a byte string of ${size} bytes is wanted`);
    return this.take(length);
  }

  text() {
    return fromUtf8(this.take(this.expect(TEXT)));
  }

  /** The number of items, which has to be `count` if that is given. */
  array(count = null) {
    return this.counted(ARRAY, count, "items");
  }

  map(count = null) {
    return this.counted(MAP, count, "keys");
  }

  key(number) {
    this.must(this.expect(UINT) === number, `key ${number} is wanted`);
  }

  null() {
    this.expect(NULL);
  }

  tag() {
    this.expect(TAG);
  }

  isNull() {
    return this.data[this.at] >> 5 === NULL;
  }

  isBytes() {
    return this.data[this.at] >> 5 === BYTES;
  }

  isText() {
    return this.data[this.at] >> 5 === TEXT;
  }

  isNumber() {
    return this.data[this.at] >> 5 <= NEGATIVE;
  }

  isArray() {
    return this.data[this.at] >> 5 === ARRAY;
  }

  isMap() {
    return this.data[this.at] >> 5 === MAP;
  }

  /** A number of either sign, where `isNumber` says that there is one. */
  number() {
    this.head();
    return this.major === UINT ? BigInt(this.value) : -1n - BigInt(this.value);
  }

  /** The next item, whatever it is, as its bytes. */
  raw() {
    const from = this.at;
    this.walk(1);
    return this.data.subarray(from, this.at);
  }

  /** A map as its labels, null where one is no number, each with a reader of its value. */
  labels() {
    return Array.from({ length: this.map() }, () => {
      const label = this.isNumber() ? this.number() : (this.raw(), null);
      return { label, value: Reader.part(this.raw(), this.what) };
    });
  }

  must(holds, message) {
    if (!holds) refuse("malformed", `${this.what}: ${message}, at byte ${this.at}`);
  }

  expect(major) {
    const found = this.data[this.at] >> 5;
    this.must(found === major, `a ${NAMES[major]} is wanted, not a ${NAMES[found]}`);
    this.head();
    return this.value;
  }

  counted(major, count, of) {
    const found = Number(this.expect(major));
    this.must(count === null || found === count, `${count} ${of} are wanted, not ${found}`);
    return found;
  }

  take(length) {
    const from = this.at;
    this.must(length <= this.data.length - from, "a length beyond the bytes that are left");
    this.at += Number(length);
    return this.data.subarray(from, this.at);
  }

  /** The first bytes of an item: its major type, and its value, length or count. */
  head() {
    const first = this.take(1)[0];
    const info = first & 31;
    this.major = first >> 5;
    this.must(info < 28, "an indefinite length");
    this.must(this.major !== NULL || first === 0xf6, "a float, or a simple value other than null");
    this.value = info < 24 ? info : this.long(1 << (info - 24));
  }

  long(size) {
    let value = 0n;
    for (const byte of this.take(size)) value = (value << 8n) | BigInt(byte);
    const least = size === 1 ? 24n : 1n << BigInt(4 * size);
    this.must(value >= least, "a length or number not in its shortest form");
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** Over one item with all that is in it, by the rules of docs/format.md 1. */
  walk(depth) {
    this.must(depth <= DEEPEST, `an item in more than ${DEEPEST} others`);
    const from = this.at;
    this.head();
    const { major, value } = this;
    if (major === BYTES) this.take(value);
    if (major === TEXT) this.must(fromUtf8(this.take(value)) !== null, "text that is not UTF-8");
    if (major === ARRAY) this.walkArray(value, depth);
    if (major === MAP) this.walkMap(value, depth);
    if (major === TAG) {
      this.must(value === 18 && from === 0 && depth === 0, "a tag that is not 18 around the whole");
      this.walk(depth + 1);
    }
  }

  walkArray(count, depth) {
    this.must(count <= this.data.length - this.at, "a count beyond the bytes that are left");
    for (let i = 0; i < count; i++) this.walk(depth + 1);
  }

  walkMap(count, depth) {
    this.must(count <= this.data.length - this.at, "a count beyond the bytes that are left");
    let last = null;
    for (let i = 0; i < count; i++) {
      const from = this.at;
      this.walk(depth + 1);
      const key = this.data.subarray(from, this.at);
      this.must(last === null || compare(last, key) < 0, "map keys not strictly ascending");
      last = key;
      this.walk(depth + 1);
    }
  }
}

/** @param {number} major @param {number | bigint} value */
function head(major, value) {
  const first = major << 5;
  if (value < 24) return Uint8Array.of(first | Number(value));
  const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = first | (24 + Math.log2(size));
  let rest = BigInt(value);
  for (let i = size; i > 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

export function cborUint(value) {
  return head(UINT, value);
}

export function cborBytes(bytes) {
  return concat(head(BYTES, bytes.length), bytes);
}

export function cborText(text) {
  const bytes = toUtf8(text);
  return concat(head(TEXT, bytes.length), bytes);
}

export function cborArray(...items) {
  return concat(head(ARRAY, items.length), ...items);
}

/** A map whose keys are 1, 2, 3 …, of fewer than 24. */
export function cborMap(...values) {
  return concat(
    head(MAP, values.length),
    ...values.flatMap((value, i) => [head(UINT, i + 1), value]),
  );
}

export const cborNull = Uint8Array.of(0xf6);
