// BLAKE3 (the hash alone: no key, no derivation, 32 bytes), as a stream.
//
// A document is cut into chunks of 1,024 bytes, each hashed block after block; their values are the
// leaves of a binary tree. What is held is one block and one value per level of the tree.

// prettier-ignore
const START = Int32Array.of(
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
);
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
const BLOCK = 64;
const CHUNK = 1024;
/** Chunks are counted in 53 bits, so the tree is less deep than this. */
const LEVELS = 54;

export class Blake3 {
  constructor() {
    /** The block that is not compressed yet: only what follows tells whether it is the last. */
    this.block = new Uint8Array(BLOCK);
    this.view = new DataView(this.block.buffer);
    this.filled = 0;
    this.value = START.slice();
    this.inChunk = 0; // bytes of the chunk that are compressed
    this.chunks = 0; // whole chunks before it
    this.stack = new Int32Array(8 * LEVELS); // values of whole subtrees, the largest first
    this.height = 0;
    this.pair = new DataView(new ArrayBuffer(BLOCK)); // two values, the message of a parent
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length) {
      if (this.filled === BLOCK) {
        this.compressBlock(this.view, 0);
        this.filled = 0;
      }
      if (this.filled === 0) {
        for (; at + BLOCK < bytes.length; at += BLOCK) this.compressBlock(view, at);
      }
      const taken = Math.min(BLOCK - this.filled, bytes.length - at);
      this.block.set(bytes.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
    }
    return this;
  }

  /** A whole block that is not the last one. */
  compressBlock(view, at) {
    const start = this.inChunk === 0 ? CHUNK_START : 0;
    const end = this.inChunk === CHUNK - BLOCK ? CHUNK_END : 0;
    compress(this.value, view, at, this.chunks, BLOCK, start | end);
    this.inChunk += BLOCK;
    if (end) this.endChunk();
  }

  /** The chunk is whole: two subtrees of equal size join, and again, as a binary counter carries. */
  endChunk() {
    this.chunks += 1;
    for (let n = this.chunks; n % 2 === 0; n /= 2) this.join(this.value, PARENT);
    this.stack.set(this.value, 8 * this.height++);
    this.value.set(START);
    this.inChunk = 0;
  }

  /** `value` becomes that of the parent of the last on the stack and itself. */
  join(value, flags) {
    this.height -= 1;
    for (let i = 0; i < 8; i++) {
      this.pair.setInt32(4 * i, this.stack[8 * this.height + i], true);
      this.pair.setInt32(32 + 4 * i, value[i], true);
    }
    value.set(START);
    compress(value, this.pair, 0, 0, BLOCK, flags);
  }

  /** The 32 bytes; the hash can take more bytes afterwards. */
  digest() {
    const { height } = this;
    const value = this.value.slice();
    const start = this.inChunk === 0 ? CHUNK_START : 0;
    this.block.fill(0, this.filled);
    const flags = start | CHUNK_END | (height === 0 ? ROOT : 0);
    compress(value, this.view, 0, this.chunks, this.filled, flags);
    while (this.height > 0) this.join(value, PARENT | (this.height === 1 ? ROOT : 0));
    this.height = height; // the stack itself is as it was
    const digest = new DataView(new ArrayBuffer(32));
    value.forEach((word, i) => digest.setInt32(4 * i, word, true));
    return new Uint8Array(digest.buffer);
  }
}

/**
 * The compression function, in place. Written out, all words being locals: this is where a large
 * document spends its time.
 */
// prettier-ignore
function compress(cv, view, at, counter, length, flags) {
  let m0 = view.getInt32(at + 0, true); let m1 = view.getInt32(at + 4, true);
  let m2 = view.getInt32(at + 8, true); let m3 = view.getInt32(at + 12, true);
  let m4 = view.getInt32(at + 16, true); let m5 = view.getInt32(at + 20, true);
  let m6 = view.getInt32(at + 24, true); let m7 = view.getInt32(at + 28, true);
  let m8 = view.getInt32(at + 32, true); let m9 = view.getInt32(at + 36, true);
  let m10 = view.getInt32(at + 40, true); let m11 = view.getInt32(at + 44, true);
  let m12 = view.getInt32(at + 48, true); let m13 = view.getInt32(at + 52, true);
  let m14 = view.getInt32(at + 56, true); let m15 = view.getInt32(at + 60, true);
  let v0 = cv[0], v1 = cv[1], v2 = cv[2], v3 = cv[3];
  let v4 = cv[4], v5 = cv[5], v6 = cv[6], v7 = cv[7];
  let v8 = START[0], v9 = START[1], v10 = START[2], v11 = START[3];
  let v12 = counter | 0, v13 = (counter / 2 ** 32) | 0, v14 = length, v15 = flags;
  for (let round = 1; ; round++) {
    v0 = (v0 + v4 + m0) | 0; v12 ^= v0; v12 = (v12 >>> 16) | (v12 << 16);
    v8 = (v8 + v12) | 0; v4 ^= v8; v4 = (v4 >>> 12) | (v4 << 20);
    v0 = (v0 + v4 + m1) | 0; v12 ^= v0; v12 = (v12 >>> 8) | (v12 << 24);
    v8 = (v8 + v12) | 0; v4 ^= v8; v4 = (v4 >>> 7) | (v4 << 25);
    v1 = (v1 + v5 + m2) | 0; v13 ^= v1; v13 = (v13 >>> 16) | (v13 << 16);
    v9 = (v9 + v13) | 0; v5 ^= v9; v5 = (v5 >>> 12) | (v5 << 20);
    v1 = (v1 + v5 + m3) | 0; v13 ^= v1; v13 = (v13 >>> 8) | (v13 << 24);
    v9 = (v9 + v13) | 0; v5 ^= v9; v5 = (v5 >>> 7) | (v5 << 25);
    v2 = (v2 + v6 + m4) | 0; v14 ^= v2; v14 = (v14 >>> 16) | (v14 << 16);
    v10 = (v10 + v14) | 0; v6 ^= v10; v6 = (v6 >>> 12) | (v6 << 20);
    v2 = (v2 + v6 + m5) | 0; v14 ^= v2; v14 = (v14 >>> 8) | (v14 << 24);
    v10 = (v10 + v14) | 0; v6 ^= v10; v6 = (v6 >>> 7) | (v6 << 25);
    v3 = (v3 + v7 + m6) | 0; v15 ^= v3; v15 = (v15 >>> 16) | (v15 << 16);
    v11 = (v11 + v15) | 0; v7 ^= v11; v7 = (v7 >>> 12) | (v7 << 20);
    v3 = (v3 + v7 + m7) | 0; v15 ^= v3; v15 = (v15 >>> 8) | (v15 << 24);
    v11 = (v11 + v15) | 0; v7 ^= v11; v7 = (v7 >>> 7) | (v7 << 25);
    v0 = (v0 + v5 + m8) | 0; v15 ^= v0; v15 = (v15 >>> 16) | (v15 << 16);
    v10 = (v10 + v15) | 0; v5 ^= v10; v5 = (v5 >>> 12) | (v5 << 20);
    v0 = (v0 + v5 + m9) | 0; v15 ^= v0; v15 = (v15 >>> 8) | (v15 << 24);
    v10 = (v10 + v15) | 0; v5 ^= v10; v5 = (v5 >>> 7) | (v5 << 25);
    v1 = (v1 + v6 + m10) | 0; v12 ^= v1; v12 = (v12 >>> 16) | (v12 << 16);
    v11 = (v11 + v12) | 0; v6 ^= v11; v6 = (v6 >>> 12) | (v6 << 20);
    v1 = (v1 + v6 + m11) | 0; v12 ^= v1; v12 = (v12 >>> 8) | (v12 << 24);
    v11 = (v11 + v12) | 0; v6 ^= v11; v6 = (v6 >>> 7) | (v6 << 25);
    v2 = (v2 + v7 + m12) | 0; v13 ^= v2; v13 = (v13 >>> 16) | (v13 << 16);
    v8 = (v8 + v13) | 0; v7 ^= v8; v7 = (v7 >>> 12) | (v7 << 20);
    v2 = (v2 + v7 + m13) | 0; v13 ^= v2; v13 = (v13 >>> 8) | (v13 << 24);
    v8 = (v8 + v13) | 0; v7 ^= v8; v7 = (v7 >>> 7) | (v7 << 25);
    v3 = (v3 + v4 + m14) | 0; v14 ^= v3; v14 = (v14 >>> 16) | (v14 << 16);
    v9 = (v9 + v14) | 0; v4 ^= v9; v4 = (v4 >>> 12) | (v4 << 20);
    v3 = (v3 + v4 + m15) | 0; v14 ^= v3; v14 = (v14 >>> 8) | (v14 << 24);
    v9 = (v9 + v14) | 0; v4 ^= v9; v4 = (v4 >>> 7) | (v4 << 25);
    if (round === 7) break;
    const t0 = m0; m0 = m2; m2 = m3; m3 = m10; m10 = m12; m12 = m9; m9 = m11; m11 = m5; m5 = t0;
    const t1 = m1; m1 = m6; m6 = m4; m4 = m7; m7 = m13; m13 = m14; m14 = m15; m15 = m8; m8 = t1;
  }
  cv[0] = v0 ^ v8; cv[1] = v1 ^ v9;
  cv[2] = v2 ^ v10; cv[3] = v3 ^ v11;
  cv[4] = v4 ^ v12; cv[5] = v5 ^ v13;
  cv[6] = v6 ^ v14; cv[7] = v7 ^ v15;
}
