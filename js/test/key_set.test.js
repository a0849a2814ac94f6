// Key sets: read if they are of the one form, and refused otherwise, whoever wrote them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, toHex } from "../bytes.js";
import { readKeySet, Refused } from "../index.js";
import { kidOf } from "../key.js";

/** RFC 8032, 7.1: the keys of its first two tests. */
const KEYS = [
  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
].map(fromHex);

function item(x, kid = kidOf(x)) {
  return concat(fromHex("a50101025820"), kid, fromHex("03272006215820"), x);
}

const set = (...items) => concat(Uint8Array.of(0x80 | items.length), ...items);

test("a key set is its keys, in their order", () => {
  assert.deepEqual(readKeySet(set()), []);
  const read = readKeySet(set(...KEYS.map((x) => item(x))));
  assert.deepEqual(
    read.map(({ x }) => toHex(x)),
    KEYS.map(toHex),
  );
  assert.deepEqual(
    read.map(({ kid }) => kid),
    KEYS.map((x) => toHex(kidOf(x))),
  );
});

test("what is not of the one form is no key set", () => {
  const [x, other] = KEYS;
  const small = new Uint8Array(32);
  const bare = concat(fromHex("a301012006215820"), x);
  for (const [bytes, code] of [
    [new Uint8Array(), "malformed"],
    [new TextEncoder().encode("<!doctype html><title>Accueil</title>"), "malformed"],
    [new TextEncoder().encode('{"keys":[]}'), "malformed"],
    [item(x), "malformed"],
    [concat(set(item(x)), Uint8Array.of(0)), "malformed"],
    [set(item(x)).subarray(0, 60), "malformed"],
    [set(bare), "malformed"],
    [set(item(x, kidOf(other))), "malformed"],
    [set(item(x), fromHex("00")), "malformed"],
    [concat(fromHex("9801"), item(x)), "malformed"],
    [concat(fromHex("9f"), item(x), fromHex("ff")), "malformed"],
    [fromHex("9bffffffffffffffff"), "malformed"],
    [set(item(small)), "weak-key"],
  ]) {
    const refused = (error) => error instanceof Refused && error.code === code;
    assert.throws(() => readKeySet(bytes), refused, toHex(bytes));
  }
});

test("no bit of it may flip, since the kid answers for the key", () => {
  const whole = set(item(KEYS[0]));
  const [{ kid }] = readKeySet(whole);
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => readKeySet(flipped), Refused, `${kid}: bit ${bit}`);
  }
});
