// The hashes of documents, held to official vectors and to other implementations.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { blake3 as noble } from "@noble/hashes/blake3";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2";
import { toHex } from "../bytes.js";
import { Blake3, fingerprints, Sha256 } from "../index.js";
import { Random } from "./random.js";

/** The input of the official vectors of BLAKE3. */
function pattern(length) {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

// `input_len` and the first 32 bytes of `hash` of BLAKE3's test_vectors.json.
const OFFICIAL = JSON.parse(readFileSync(new URL("blake3_official.json", import.meta.url), "utf8"));

test("BLAKE3: the official vectors, whole and byte by byte", () => {
  assert.equal(OFFICIAL.length, 35);
  for (const { input_len: length, hash } of OFFICIAL) {
    const input = pattern(length);
    assert.equal(toHex(new Blake3().update(input).digest()), hash, `${length} bytes`);
    const split = new Blake3();
    for (const byte of input) split.update(Uint8Array.of(byte));
    assert.equal(toHex(split.digest()), hash, `${length} bytes, one by one`);
    assert.equal(toHex(noble(input)), hash);
  }
});

test("SHA-256: FIPS 180 examples", () => {
  const of = (text) => toHex(new Sha256().update(new TextEncoder().encode(text)).digest());
  assert.equal(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  assert.equal(of(two), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
});

const HASHES = [
  ["BLAKE3", Blake3, noble],
  ["SHA-256", Sha256, nobleSha256],
];

for (const [name, Hash, reference] of HASHES) {
  test(`${name}: as @noble/hashes, at every length to 300 and around blocks and chunks`, () => {
    const edges = [1, 2, 3, 4, 8, 16, 31].flatMap((n) =>
      [-65, -64, -1, 0, 1, 64].map((d) => 1024 * n + d),
    );
    const lengths = [...Array(301).keys(), ...edges];
    const random = new Random(1);
    for (const length of lengths) {
      const input = random.bytes(length);
      assert.equal(toHex(new Hash().update(input).digest()), toHex(reference(input)), `${length}`);
    }
  });

  test(`${name}: as @noble/hashes, over random lengths, offsets and splits, asked in between`, () => {
    const random = new Random(2);
    for (let i = 0; i < 300; i++) {
      const whole = random.bytes(random.below(20000));
      const hash = new Hash();
      for (let at = 0; at < whole.length;) {
        const length = random.below(random.below(2) ? 3000 : 70);
        // A copy at an odd offset of another buffer: nothing may rest on alignment.
        const shifted = new Uint8Array(length + 7).subarray(random.below(7));
        const part = whole.subarray(at, at + length);
        shifted.set(part);
        hash.update(shifted.subarray(0, part.length));
        at += part.length;
        if (random.below(4)) continue;
        assert.equal(toHex(hash.digest()), toHex(reference(whole.subarray(0, at))));
      }
      assert.equal(toHex(hash.digest()), toHex(reference(whole)));
    }
  });
}

const MIB = 1 << 20;

/** So many MiB, made as they are read, always in the same memory. */
function stream(count) {
  const piece = new Uint8Array(MIB);
  let made = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (made === count) return controller.close();
        piece.fill(made++);
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

test("a stream of 64 MiB is hashed in bounded memory, and tells its progress", async () => {
  const held = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const [blake3, sha256] = [noble.create(), createHash("sha256")];
  for (let i = 0; i < 64; i++) {
    const piece = new Uint8Array(MIB).fill(i);
    blake3.update(piece);
    sha256.update(piece);
  }
  const before = held();
  let most = 0;
  const progress = [];
  const found = await fingerprints(stream(64), (bytes) => {
    progress.push(bytes);
    most = Math.max(most, held() - before);
  });
  assert.equal(found.blake3, `blake3:${toHex(blake3.digest())}`);
  assert.equal(found.sha256, `sha-256:${sha256.digest("hex")}`);
  assert.deepEqual(
    progress,
    [...Array(64).keys()].map((i) => (i + 1) * MIB),
  );
  assert.ok(most < 24 * MIB, `${most} bytes more than before`);
});

test("bytes, a Blob and a stream have the same fingerprints", async () => {
  const bytes = new Random(3).bytes(3 * MIB + 5);
  const whole = await fingerprints(bytes);
  assert.equal(whole.blake3, `blake3:${toHex(noble(bytes))}`);
  assert.equal(whole.sha256, `sha-256:${createHash("sha256").update(bytes).digest("hex")}`);
  assert.deepEqual(await fingerprints(new Blob([bytes])), whole);
  assert.deepEqual(await fingerprints(new Blob([bytes]).stream()), whole);
  const empty = await fingerprints(new Uint8Array(0));
  assert.equal(empty.blake3, `blake3:${OFFICIAL[0].hash}`);
});
