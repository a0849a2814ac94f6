// The strict predicate of docs/format.md 4.2, beside the vectors: what other libraries let through.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { concat, fromHex, toHex } from "../bytes.js";
import { verifySignature } from "../ed25519.js";
import { hasEd25519, isStrictKey } from "../index.js";
import { Random } from "./random.js";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;

function littleEndian(n) {
  return fromHex(n.toString(16).padStart(64, "0")).reverse();
}

function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    x: new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32)),
    privateKey,
  };
}

test("WebCrypto has Ed25519 here", async () => {
  assert.equal(await hasEd25519(), true);
});

test("RFC 8032, 7.1, test 3", async () => {
  const key = fromHex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const signature = fromHex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  );
  assert.ok(isStrictKey(key));
  await verifySignature(key, fromHex("af82"), signature);
  const refused = { name: "Refused", code: "signature" };
  await assert.rejects(verifySignature(key, fromHex("af83"), signature), refused);
});

test("S + L, another length, and each flipped bit of a signature are refused", async () => {
  const { x, privateKey } = newKey();
  const message = new Uint8Array(5);
  const signature = new Uint8Array(sign(null, message, privateKey));
  const refused = { name: "Refused", code: "signature" };
  await verifySignature(x, message, signature);
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`);
  for (const other of [s + L, L, 0n]) {
    const forged = concat(signature.subarray(0, 32), littleEndian(other));
    await assert.rejects(verifySignature(x, message, forged), refused);
  }
  for (const length of [0, 32, 63]) {
    await assert.rejects(verifySignature(x, message, signature.subarray(0, length)), refused);
  }
  await assert.rejects(verifySignature(x, message, concat(signature, Uint8Array.of(0))), refused);
  for (let bit = 0; bit < 512; bit++) {
    const altered = signature.slice();
    altered[bit >> 3] ^= 1 << (bit & 7);
    await assert.rejects(verifySignature(x, message, altered), refused, `bit ${bit}`);
  }
});

/** All y whose point has an order that divides 8, in both encodings of the sign, canonical or not. */
function smallOrder() {
  const order8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
  const ys = [0n, 1n, P - 1n, order8, P - order8, P, P + 1n];
  return ys.flatMap((y) => [littleEndian(y), littleEndian(y | (1n << 255n))]);
}

test("no encoding of a point of small order is a key, nor the R of a signature", async () => {
  const { x } = newKey();
  for (const bytes of smallOrder()) {
    assert.equal(isStrictKey(bytes), false, toHex(bytes));
    // With S = 0 and a key of small order, lax verifiers take this for any message.
    const forged = concat(bytes, new Uint8Array(32));
    const refused = { name: "Refused", code: "signature" };
    await assert.rejects(verifySignature(x, new Uint8Array(1), forged), refused);
  }
});

test("keys: another length, y of p and more, and what is no point", () => {
  const { x } = newKey();
  assert.ok(isStrictKey(x));
  assert.ok(isStrictKey(Buffer.from(x)));
  for (const length of [0, 31]) assert.equal(isStrictKey(x.subarray(0, length)), false);
  assert.equal(isStrictKey(concat(x, Uint8Array.of(0))), false);
  for (let y = P; y < 2n ** 255n; y++) assert.equal(isStrictKey(littleEndian(y)), false);
  const low = [...Array(40).keys()];
  const points = low.filter((y) => isStrictKey(littleEndian(BigInt(y))));
  assert.deepEqual(
    points,
    low.filter((y) => y > 1 && isPoint(BigInt(y))),
  );
  const random = new Random(5);
  const drawn = Array.from({ length: 200 }, () => random.bytes(32));
  const half = drawn.filter((key) => isStrictKey(key)).length;
  assert.ok(half > 60 && half < 140, `${half} of 200 random strings are points`);
});

function power(base, exponent) {
  let result = 1n;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

/** -x² + y² = 1 + d x² y², by the square root that RFC 8032 takes. */
function isPoint(y) {
  const d = (P - 121665n) * power(121666n, P - 2n);
  const square = ((y * y - 1n + P) * power((d * y * y + 1n) % P, P - 2n)) % P;
  const root = power(square, (P + 3n) / 8n);
  const other = (root * power(2n, (P - 1n) / 4n)) % P;
  return [root, other].some((x) => (x * x) % P === square);
}
