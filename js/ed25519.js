// Ed25519, the one predicate of docs/format.md 4.2: what a key is, what a signature is. WebCrypto
// decides the equation; in front of it stand the checks that libraries do differently.

import { toHex } from "./bytes.js";
import { must, refuse } from "./refused.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** @param {bigint} n @returns {bigint} */
function mod(n) {
  const rest = n % P;
  return rest < 0n ? rest + P : rest;
}

/** @param {bigint} base @param {bigint} exponent @returns {bigint} */
function power(base, exponent) {
  let result = 1n;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));

function littleEndian(bytes) {
  let hex = "0x";
  for (let i = bytes.length; i > 0; i--) hex += bytes[i - 1].toString(16).padStart(2, "0");
  return BigInt(hex);
}

const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** The y of the points of small order: of order 1, 2, 4, and twice two of order 8. */
const SMALL_ORDER = new Set([1n, P - 1n, 0n, ORDER_8, P - ORDER_8]);

/** The y that 32 bytes encode, of no small order and in the one way; null for anything else. */
function readY(bytes) {
  const y = littleEndian(bytes) & (2n ** 255n - 1n);
  return y < P && !SMALL_ORDER.has(y) ? y : null;
}

/**
 * Whether the curve has a point of that y: -x² + y² = 1 + d x² y², so x² = u / v.
 * @param {bigint} y
 */
function isOnCurve(y) {
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  // By Euler's criterion, u / v being a square if and only if u v is; x is not 0, nor is u v.
  return power(mod(u * v), (P - 1n) / 2n) === 1n;
}

/** Answers by key, as hex, so that each key is looked at once. Emptied when it grows too large. */
class Memory {
  constructor(answer) {
    this.answer = answer;
    this.known = new Map();
  }

  of(key) {
    const name = toHex(key);
    if (!this.known.has(name)) {
      if (this.known.size >= 4096) this.known.clear();
      this.known.set(name, this.answer(new Uint8Array(key)));
    }
    return this.known.get(name);
  }
}

const strict = new Memory((key) => {
  const y = key.length === 32 ? readY(key) : null;
  return y !== null && isOnCurve(y);
});

/** Whether 32 bytes are a key: a point, canonical, not of small order. @param {Uint8Array} key */
export function isStrictKey(key) {
  return strict.of(key);
}

/** Refuses, as `weak-key`, what is no key. */
export function checkKey(key) {
  must(isStrictKey(key), "weak-key", "a key that is no point of the curve, or of small order");
}

// Node 18 has no `crypto` of its own; no browser gets to the import.
const webcrypto =
  globalThis.crypto?.subtle || !globalThis.process?.versions?.node
    ? globalThis.crypto
    : (await import("node:crypto")).webcrypto;

const imported = new Memory((key) =>
  webcrypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]),
);

/** The base point: a key that is fit to try with. */
const BASE = new Uint8Array(32).fill(0x66).fill(0x58, 0, 1);
let able = null;

/** Whether WebCrypto can do Ed25519 here. Browsers want HTTPS or localhost for it. */
export function hasEd25519() {
  able ??= (async () => imported.of(BASE))().then(
    () => true,
    () => false,
  );
  return able;
}

/**
 * Refuses, as `signature`, what is no signature by this key, a strict one (`checkKey`).
 * @param {Uint8Array} key
 * @param {Uint8Array<ArrayBuffer>} message not shared: WebCrypto takes no others
 * @param {Uint8Array<ArrayBuffer>} signature
 */
export async function verifySignature(key, message, signature) {
  const what = `the signature by ${toHex(key).slice(0, 16)}…`;
  must(signature.length === 64, "signature", `${what} has ${signature.length} bytes, not 64`);
  const s = littleEndian(signature.subarray(32));
  must(s < L, "signature", `${what} has an S that is not below L`);
  // That R is a point at all follows from the equation.
  const r = readY(signature.subarray(0, 32));
  must(r !== null, "signature", `${what} has an R that is not canonical, or of small order`);
  if (!(await hasEd25519())) {
    throw new Error(
      "no Ed25519 in WebCrypto here: it wants HTTPS or localhost, and a recent browser",
    );
  }
  const publicKey = await imported.of(key);
  const holds = await webcrypto.subtle.verify({ name: "Ed25519" }, publicKey, signature, message);
  if (!holds) refuse("signature", `${what} does not verify`);
}
