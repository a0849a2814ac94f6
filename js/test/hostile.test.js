// Hostile bytes: nothing but `Refused` is ever thrown, and no altered proof says something else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused, verifyProof } from "../index.js";
import { KINDS } from "./kinds.js";
import { Random } from "./random.js";
import { names, vector } from "./vector.js";

const SINGLE = vector("proof_of_a_single_document");

test("no bit of a good proof can be flipped", async () => {
  const { bytes, inputs } = SINGLE;
  const identity = inputs.get("identity")[0];
  const documents = inputs.get("document");
  await verifyProof(bytes, identity, documents);
  const flipped = async (at, bit) => {
    const altered = bytes.slice();
    altered[at] ^= 1 << bit;
    const verdict = verifyProof(altered, identity, documents);
    await assert.rejects(verdict, Refused, `bit ${bit} of byte ${at}`);
  };
  for (let at = 0; at < bytes.length; at++) {
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((bit) => flipped(at, bit)));
  }
});

test("a good proof cut at any byte is refused", async () => {
  const { bytes, inputs } = SINGLE;
  for (let length = 0; length < bytes.length; length++) {
    const cut = verifyProof(
      bytes.subarray(0, length),
      inputs.get("identity")[0],
      inputs.get("document"),
    );
    await assert.rejects(cut, { name: "Refused", code: "malformed", step: "form", steps: [] });
  }
});

/** One alteration, of those that find holes: a bit, a byte, a piece left out, doubled, or moved in. */
function alter(bytes, random, others) {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(random.below(3) ? 4 : 80));
  const from = random.of(others);
  const cut = random.below(from.length + 1);
  const piece = [
    () => bytes.slice(at, to).map((byte) => byte ^ (1 << random.below(8))),
    () =>
      Uint8Array.of(
        random.of([0, 0x17, 0x1b, 0x40, 0x5b, 0x80, 0x9f, 0xa0, 0xbb, 0xd2, 0xf6, 0xff]),
      ),
    () => random.bytes(random.below(4)),
    () => new Uint8Array(0),
    () => Uint8Array.of(...bytes.slice(at, to), ...bytes.slice(at, to)),
    () => from.slice(cut, cut + random.below(80)),
  ];
  return Uint8Array.of(...bytes.slice(0, at), ...random.of(piece)(), ...bytes.slice(to));
}

test("vectors altered at random are answered or refused, and nothing else is thrown", async () => {
  const random = new Random(4);
  const all = names().map(vector);
  const others = all.map(({ bytes }) => bytes);
  const counts = { answered: 0, refused: 0 };
  for (const one of all) {
    for (let i = 0; i < 8; i++) {
      const bytes = alter(i % 3 ? one.bytes : alter(one.bytes, random, others), random, others);
      try {
        await KINDS[one.inputs.get("what")[0]]({ ...one, bytes });
        counts.answered++;
      } catch (error) {
        if (error instanceof Refused) counts.refused++;
        // Answered, but not as the vector says: that is as it should be, since it was altered.
        else if (error instanceof assert.AssertionError) counts.answered++;
        else
          throw new Error(`${one.name}: ${Buffer.from(bytes).toString("hex")}`, { cause: error });
      }
    }
  }
  assert.ok(counts.refused > 10000, JSON.stringify(counts));
});
