// Fingerprints (docs/format.md 2): the hash of a document, 34 bytes, and its one spelling.

import { fromHex, toHex } from "./bytes.js";
import { Blake3 } from "./blake3.js";
import { quote, refuse } from "./refused.js";
import { Sha256 } from "./sha256.js";

const NAMES = new Map([
  [0x1e, "blake3"],
  [0x12, "sha-256"],
]);
const KINDS = new Map([...NAMES].map(([kind, name]) => [name, kind]));

export const FINGERPRINT = 34;

/** Refuses bytes that are no fingerprint. */
export function checkFingerprint(bytes) {
  if (bytes.length !== FINGERPRINT || !NAMES.has(bytes[0]) || bytes[1] !== 0x20) {
    refuse("fingerprint", `no fingerprint: ${toHex(bytes.subarray(0, 34))}`);
  }
  return bytes;
}

/** @param {Uint8Array} bytes 34 bytes, checked before */
export function fingerprintText(bytes) {
  return `${NAMES.get(bytes[0])}:${toHex(bytes.subarray(2))}`;
}

/** The 34 bytes of `blake3:…` or `sha-256:…`, in this one spelling. @param {string} text */
export function parseFingerprint(text) {
  const [, name, hex] = /^(blake3|sha-256):([0-9a-f]{64})$/.exec(text) ?? [];
  if (!name) refuse("fingerprint", `${quote(text)}: not blake3: or sha-256: and 64 hex digits`);
  return Uint8Array.of(KINDS.get(name), 0x20, ...fromHex(hex));
}

/** The fingerprint that a SHA-256 makes. */
export function ofSha256(digest) {
  return Uint8Array.of(0x12, 0x20, ...digest);
}

const SLICE = 1 << 20;
const BREATH = 4 << 20;

/** What a document is read from, as pieces. */
async function* pieces(document) {
  if (document instanceof Uint8Array) {
    for (let at = 0; at < document.length; at += SLICE) {
      yield document.subarray(at, at + SLICE);
      // The page stays alive: hashing what is in memory never waits by itself.
      if (at % BREATH === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    return;
  }
  const reader = (document.stream?.() ?? document).getReader();
  try {
    for (let piece; !(piece = await reader.read()).done;) yield piece.value;
  } finally {
    reader.releaseLock();
  }
}

/**
 * Both fingerprints of a document, read once, piece by piece, in little memory.
 * @param {Uint8Array | Blob | ReadableStream<Uint8Array>} document
 * @param {(bytes: number) => void} [onProgress] called with the bytes hashed so far
 */
export async function fingerprints(document, onProgress) {
  const blake3 = new Blake3();
  const sha256 = new Sha256();
  let done = 0;
  for await (const piece of pieces(document)) {
    blake3.update(piece);
    sha256.update(piece);
    done += piece.length;
    onProgress?.(done);
  }
  return {
    blake3: `blake3:${toHex(blake3.digest())}`,
    sha256: `sha-256:${toHex(sha256.digest())}`,
  };
}
