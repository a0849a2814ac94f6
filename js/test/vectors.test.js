// Every vector of tests/vectors, good and hostile: the same verdict, and the same code of refusal.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Refused } from "../index.js";
import { KINDS } from "./kinds.js";
import { FOLDER, names, vector } from "./vector.js";

/** Inputs and results of docs/format.md 13, by kind; a line of another name fails the test. */
const LINES = {
  entry: "key leaf",
  submission: "after time",
  block: "after identity",
  receipt: "leaf origin key time",
  checkpoint: "origin key size root",
  vkey: "name id",
  note: "vkey signed",
  policy: "logs witnesses line",
  cosigned: "policy quorum notafter notbefore",
  tlogproof: "entry policy index quorum",
  identity: "origin ledger",
  list: "shape count root",
  consistency: "from older to newer",
  status: "root slot value owner document kid",
  key: "kid",
  signature: "key message",
  proof:
    "identity document issuer entry time head standing timestamps mldsa policy quorum notafter",
};

/** `ok`, or the code of the refusal; anything else that is thrown fails the test. */
async function outcome(kind, one) {
  try {
    await KINDS[kind](one);
    return "ok";
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw new Error(one.name, { cause: error });
  }
}

const tried = [];
const byKind = new Map();
for (const name of names()) {
  const kind = vector(name).inputs.get("what").join();
  byKind.set(kind, [...(byKind.get(kind) ?? []), name]);
}

for (const [kind, files] of byKind) {
  test(`${files.length} vectors: ${kind}`, async () => {
    assert.ok(KINDS[kind], `${files[0]}: an unknown kind, ${kind}`);
    const known = ["what", "expect", "comment", ...LINES[kind].split(" ")];
    for (const name of files) {
      const one = vector(name);
      const stray = [...one.inputs.keys()].filter((line) => !known.includes(line));
      assert.deepEqual(stray, [], `${name}: lines that nobody looks at`);
      assert.equal(await outcome(kind, one), one.inputs.get("expect").join(), name);
      tried.push(name);
    }
  });
}

test("no vector is left out, and no kind is without one", () => {
  assert.deepEqual(tried.sort(), readdirSync(FOLDER).sort());
  assert.deepEqual([...byKind.keys()].sort(), Object.keys(KINDS).sort());
  assert.ok(tried.length >= 1860, `only ${tried.length} vectors`);
});
