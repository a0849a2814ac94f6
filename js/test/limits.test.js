// The bytes that are too long to be stored as vectors: the table of docs/format.md 13.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex } from "../bytes.js";
import { cborArray, cborBytes, cborUint, Reader } from "../cbor.js";
import { decodeSign1 } from "../cose.js";
import { Refused, verifyCheckpoint, verifyProof } from "../index.js";
import { decodeList } from "../list.js";
import { decodeEntry, decodeSubmission } from "../statement.js";
import { vector } from "./vector.js";

async function refusal(act) {
  try {
    await act();
    return "ok";
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

/** Fingerprint `number` of the table. */
function fingerprint(number, last = 0) {
  const bytes = new Uint8Array(34);
  bytes.set([0x12, 0x20, number >>> 24, number >>> 16, number >>> 8, number]);
  bytes[33] = last;
  return bytes;
}

test("a list of 65,537 fingerprints, and of 65,536", async () => {
  const list = concat(...Array.from({ length: 65537 }, (_, i) => fingerprint(i)));
  assert.equal(await refusal(() => decodeList(list, false)), "list-count");
  assert.equal(decodeList(list.subarray(34), false).count, 65536);
});

test("a list of 32,769 replacements, and of 32,768", async () => {
  const leaf = (i) => concat(fingerprint(i), fingerprint(i, 1));
  const list = concat(...Array.from({ length: 32769 }, (_, i) => leaf(i)));
  assert.equal(await refusal(() => decodeList(list, true)), "list-count");
  assert.equal(decodeList(list.subarray(68), true).count, 32768);
});

/** A good enrollment whose possession is so many zero bytes. */
function enrollment(zeros) {
  const { bytes } = vector("entry_enroll");
  const { protected: header, payload, signature } = decodeSign1(bytes, "entry");
  const { possession } = decodeEntry(bytes).key;
  const kept = payload.subarray(0, payload.length - cborBytes(possession).length);
  const said = concat(kept, cborBytes(new Uint8Array(zeros)));
  const empty = Uint8Array.of(0xa0);
  const parts = [cborBytes(header), empty, cborBytes(said), cborBytes(signature)];
  return concat(Uint8Array.of(0xd2), cborArray(...parts));
}

test("an enrollment of 65,536 bytes, and of 65,535", async () => {
  const rest = enrollment(60000).length - 60000;
  const longest = enrollment(65535 - rest);
  assert.equal(longest.length, 65535);
  assert.equal(await refusal(() => decodeEntry(longest)), "ok");
  const longer = enrollment(65536 - rest);
  assert.equal(longer.length, 65536);
  assert.equal(await refusal(() => decodeEntry(longer)), "too-large");
});

/** An entry whose protected header is so many zero bytes. */
function zeros(length) {
  const { payload, signature } = decodeSign1(vector("entry_enroll").bytes, "entry");
  const header = cborBytes(new Uint8Array(length));
  const parts = [header, Uint8Array.of(0xa0), cborBytes(payload), cborBytes(signature)];
  return concat(Uint8Array.of(0xd2), cborArray(...parts));
}

test("a protected header of 65,536 bytes, and of 65,535", async () => {
  assert.equal(await refusal(() => decodeEntry(zeros(65536))), "too-large");
  assert.equal(await refusal(() => decodeEntry(zeros(65535))), "malformed");
});

test("a submission of 2,293,776 bytes", async () => {
  assert.equal(await refusal(() => decodeSubmission(new Uint8Array(2293776))), "too-large");
  assert.equal(await refusal(() => decodeSubmission(new Uint8Array(2293775))), "malformed");
});

const BATCH = vector("proof_of_a_batch_of_40");

function verifyBatch(bytes) {
  const documents = BATCH.inputs.get("document");
  return refusal(() => verifyProof(bytes, BATCH.inputs.get("identity")[0], documents));
}

test("a proof and zero bytes after it, 1,048,577 in all", async () => {
  assert.equal(await verifyBatch(BATCH.bytes), "ok");
  const longer = new Uint8Array(1048577);
  longer.set(BATCH.bytes);
  assert.equal(await verifyBatch(longer), "too-large");
  assert.equal(await verifyBatch(longer.subarray(1)), "malformed");
});

/** The last entry of a block, in an encoded block. */
function lastEntry({ bytes }) {
  const reader = Reader.whole(bytes, "block");
  reader.array();
  reader.raw();
  const entries = Array.from({ length: reader.array() }, () => reader.bytes());
  return entries[entries.length - 1];
}

/** The proof of the batch with another registry part. */
function withRegistry(registry) {
  const { bytes } = BATCH;
  const { protected: header, unprotected, payload, signature } = decodeSign1(bytes, "proof");
  const reader = Reader.whole(unprotected[1].bytes, "parts");
  const parts = [Uint8Array.of(0xa0 | reader.map())];
  for (let key = 1; key <= 7; key++) {
    reader.key(key);
    const part = reader.raw();
    parts.push(cborUint(key), key === 5 ? registry : part);
  }
  const labels = [
    fromHex("a219018a"),
    cborArray(cborBytes(unprotected[0].bytes)),
    fromHex("3a50524f01"),
    cborBytes(concat(...parts)),
  ];
  const whole = [cborBytes(header), concat(...labels), cborBytes(payload), cborBytes(signature)];
  return concat(Uint8Array.of(0xd2), cborArray(...whole));
}

test("a proof with 1,025 registry entries, and with 1,024", async () => {
  const heartbeat = cborBytes(lastEntry(vector("block_3_heartbeat")));
  const proven = cborArray(heartbeat, cborUint(9), cborArray());
  const registry = (count) => cborArray(...Array.from({ length: count }, () => proven));
  const untouched = Reader.whole(decodeSign1(BATCH.bytes, "proof").unprotected[1].bytes, "parts");
  untouched.map();
  for (let key = 1; key < 5; key++) (untouched.key(key), untouched.raw());
  untouched.key(5);
  assert.deepEqual(withRegistry(untouched.raw()), BATCH.bytes);
  assert.equal(await verifyBatch(withRegistry(registry(1025))), "malformed");
  assert.equal(await verifyBatch(withRegistry(registry(1024))), "proof");
});

test("a checkpoint and letters after it, 65,537 bytes in all", async () => {
  const { bytes, inputs } = vector("checkpoint_good");
  const longer = new Uint8Array(65537).fill("a".charCodeAt(0));
  longer.set(bytes);
  const key = fromHex(inputs.get("key")[0]);
  const origin = inputs.get("origin")[0];
  assert.equal(await refusal(() => verifyCheckpoint(bytes, origin, key)), "ok");
  assert.equal(await refusal(() => verifyCheckpoint(longer, origin, key)), "checkpoint");
});
