// Random numbers that are the same in every run: mulberry32.

export class Random {
  constructor(seed) {
    this.state = seed;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  bytes(length) {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  of(items) {
    return items[this.below(items.length)];
  }
}
