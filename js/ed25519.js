// Ed25519, the one predicate of docs/format.md 4.2: what a key is, what a signature is. WebCrypto
// decides the equation; in front of it stand the checks that libraries do differently.

import { toHex } from "./bytes.js";
import { must, refuse } from "./refused.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function mod(n) {
  const rest = n % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

function littleEndian(bytes) {
  let hex = "0x";
  for (let i = bytes.length; i > 0; i--) hex += bytes[i - 1].toString(16).padStart(2, "0");
  return BigInt(hex);
}

/** The point that 32 bytes encode, in the one way; null for anything else. */
function decode(bytes) {
  const all = littleEndian(bytes);
  const sign = all >> 255n;
  const y = all & (2n ** 255n - 1n);
  if (y >= P) return null;
  // x² = u / v, and a root of that is u v³ (u v⁷)^((p-5)/8), or that times the root of -1.
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const v3 = mod(v * v * v);
  let x = mod(u * v3 * power(mod(u * v3 * v3 * v), (P - 5n) / 8n));
  if (mod(v * x * x - u) !== 0n) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(v * x * x - u) !== 0n) return null;
  if (x === 0n && sign === 1n) return null;
  return { x: (x & 1n) === sign ? x : P - x, y };
}

/** Eight times the point is the identity: doubled thrice, in projective coordinates. */
function isSmallOrder({ x, y }) {
  let z = 1n;
  for (let i = 0; i < 3; i++) {
    const b = mod((x + y) * (x + y));
    const c = mod(x * x);
    const d = mod(y * y);
    const f = mod(d - c);
    const j = mod(f - 2n * z * z);
    x = mod((b - c - d) * j);
    z = mod(f * j);
    y = mod(f * (-c - d));
  }
  return x === 0n && y === z;
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
      this.known.set(name, this.answer(key.slice()));
    }
    return this.known.get(name);
  }
}

const strict = new Memory((key) => {
  const point = key.length === 32 ? decode(key) : null;
  return point !== null && !isSmallOrder(point);
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

/** Whether WebCrypto can do Ed25519 here: in browsers it wants HTTPS or localhost, and a new one. */
export async function hasEd25519() {
  const base = new Uint8Array(32).fill(0x66);
  base[0] = 0x58;
  try {
    await imported.of(base);
    return true;
  } catch {
    imported.known.clear();
    return false;
  }
}

/**
 * Refuses, as `signature`, what is no signature by this key, a strict one (`checkKey`).
 * @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature
 */
export async function verifySignature(key, message, signature) {
  const what = `the signature by ${toHex(key).slice(0, 16)}…`;
  must(signature.length === 64, "signature", `${what} has ${signature.length} bytes, not 64`);
  const s = littleEndian(signature.subarray(32));
  must(s < L, "signature", `${what} has an S that is not below L`);
  const r = decode(signature.subarray(0, 32));
  must(r && !isSmallOrder(r), "signature", `${what} has an R that is no point, or of small order`);
  if (!(await hasEd25519())) {
    throw new Error("this program has no Ed25519 (WebCrypto): use HTTPS or localhost, and a newer one");
  }
  const publicKey = await imported.of(key);
  const holds = await webcrypto.subtle.verify({ name: "Ed25519" }, publicKey, signature, message);
  if (!holds) refuse("signature", `${what} does not verify`);
}
