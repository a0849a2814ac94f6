// Rules that no vector tells from their absence: made here, signed with the keys of the vectors.

import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { test } from "node:test";
import { concat, fromHex, toHex } from "../bytes.js";
import { cborArray, cborBytes, cborMap, cborText, cborUint, Reader } from "../cbor.js";
import { Chain, Refused, verifyProof } from "../index.js";
import { kidOf } from "../key.js";
import { checkTable } from "../rules.js";
import { readSign1 } from "../cose.js";
import { checkSeal, decodeReceipt, decodeSeal } from "../seal.js";
import { decodeEntry, decodeSubmission } from "../statement.js";
import { decodeValue } from "../status.js";
import { leafHash } from "../tree.js";
import { vector } from "./vector.js";

const EMPTY = Uint8Array.of(0xa0);
const NIL = Uint8Array.of(0xf6);
const SEAL = 1; // the seed is 32 times this byte (docs/format.md 13)

/** A COSE_Sign1 by the key of a seed; `detached` is signed where the payload is nil. */
function signed(seed, header, payload, { detached = null, unprotected = EMPTY } = {}) {
  const der = concat(fromHex("302e020100300506032b657004220420"), new Uint8Array(32).fill(seed));
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  const said = [cborText("Signature1"), cborBytes(header), cborBytes(new Uint8Array(0))];
  const message = cborArray(...said, cborBytes(payload ?? detached));
  const signature = cborBytes(new Uint8Array(sign(null, message, key)));
  const body = payload ? cborBytes(payload) : NIL;
  return concat(Uint8Array.of(0xd2), cborArray(cborBytes(header), unprotected, body, signature));
}

/** The payload of a block statement, its fields altered. */
function blockPayload(block) {
  return cborMap(
    cborUint(block.height),
    cborBytes(block.previous),
    cborUint(block.first),
    cborUint(block.size),
    cborUint(block.documents),
    cborUint(block.time),
    cborBytes(block.statusRoot),
  );
}

/** `block_1_enroll`, its statement altered, signed and sealed as if it were honest. */
function altered(before, change) {
  const reader = Reader.whole(vector("block_1_enroll").bytes, "block");
  reader.array();
  const seal = readSign1(reader.bytes(), "seal");
  const entries = Array.from({ length: reader.array() }, () => reader.bytes());
  const statement = decodeEntry(entries.pop());
  const payload = blockPayload({ ...statement, ...change(statement) });
  entries.push(signed(SEAL, statement.protected, payload));
  const tree = before.tree.clone();
  for (const entry of entries) tree.add(leafHash(entry));
  const sealed = signed(SEAL, seal.protected, null, { detached: tree.root() });
  return cborArray(cborBytes(sealed), cborArray(...entries.map(cborBytes)), cborArray());
}

test("a block that begins elsewhere, and says so in first and size alike", async () => {
  const genesis = await new Chain().replay(vector("block_0_genesis").bytes);
  assert.deepEqual(
    altered(genesis, () => ({})),
    vector("block_1_enroll").bytes,
  );
  const shifted = altered(genesis, ({ first, size }) => ({ first: first + 1n, size: size + 1n }));
  await assert.rejects(genesis.replay(shifted), { name: "Refused", code: "chain" });
});

test("a seal or receipt with the header of a statement", async () => {
  const { bytes } = vector("receipt_first");
  const { protected: header, unprotected } = readSign1(bytes, "receipt");
  const root = new Uint8Array(32);
  const vds = fromHex("19018b01");
  const kid = header.subarray(header.indexOf(4));
  const claims = kid.subarray(0, kid.length - vds.length);
  const type = concat(Uint8Array.of(3), cborText("application/vnd.probant.block+cbor"));
  const statement = concat(fromHex("a40127"), type, claims);
  assert.deepEqual(concat(fromHex("a40127"), claims, vds), header);
  const decode = (made) => () => decodeReceipt(made);
  decode(signed(SEAL, header, null, { detached: root, unprotected }))();
  const made = signed(SEAL, statement, null, { detached: root, unprotected });
  assert.throws(decode(made), { name: "Refused", code: "header" });
  const bare = signed(SEAL, statement, null, { detached: root });
  assert.throws(() => decodeSeal(bare), { name: "Refused", code: "header" });
  await checkSealOf(signed(SEAL, header, null, { detached: root }), root);
});

/** What is made here is a good seal, or the refusals above would say nothing. */
async function checkSealOf(bytes, root) {
  const x = fromHex(vector("receipt_first").inputs.get("key")[0]);
  const key = { x, kid: toHex(kidOf(x)) };
  await checkSeal(decodeSeal(bytes), "ledger.example/fr", key, 1790000000200n, root);
}

test("a list, a receipt or parts that stand in a map, whatever its key", async () => {
  const keys = ["60", "6100", "f6", "80", "a0", "40", "00", "20", "18ff"].map(fromHex);
  const submission = vector("submission_batch_of_40").bytes;
  const proof = vector("proof_of_a_single_document");
  const [identity] = proof.inputs.get("identity");
  const verify = (bytes) => verifyProof(bytes, identity, proof.inputs.get("document"));
  assert.ok(decodeSubmission(wrapped(submission, 0, null)).list);
  assert.deepEqual(wrapped(proof.bytes, 1, null), proof.bytes);
  const header = { name: "Refused", code: "header" };
  for (const key of keys) {
    const name = toHex(key);
    assert.throws(() => decodeSubmission(wrapped(submission, 0, key)), header, name);
    for (const label of [0, 1])
      await assert.rejects(verify(wrapped(proof.bytes, label, key)), header);
  }
});

/** The same COSE_Sign1, the value of one unprotected label being in a map of one under `key`. */
function wrapped(bytes, which, key) {
  const { protected: header, unprotected, payload, signature } = readSign1(bytes, "made");
  const reader = Reader.whole(unprotected, "unprotected");
  const count = reader.map();
  const made = [Uint8Array.of(0xa0 | count)];
  for (let i = 0; i < count; i++) {
    const label = reader.raw();
    const value = reader.raw();
    const around = i === which && key ? [Uint8Array.of(0xa1), key] : [];
    made.push(label, ...around, value);
  }
  const parts = [cborBytes(header), concat(...made), cborBytes(payload), cborBytes(signature)];
  return concat(Uint8Array.of(0xd2), cborArray(...parts));
}

test("the value of a slot that is a map of six, or of three", () => {
  const kid = cborBytes(new Uint8Array(32));
  const fields = [cborText("retired"), cborUint(1), cborUint(2), kid, cborUint(3), cborUint(4)];
  assert.equal(decodeValue(cborMap(...fields.slice(0, 4))).state, "retired");
  for (const count of [3, 6]) {
    const value = cborMap(...fields.slice(0, count));
    assert.throws(() => decodeValue(value), { name: "Refused", code: "malformed" });
  }
});

test("an issuer is given 1,024 keys, and void ones do not count where it is enrolled anew", async () => {
  const genesis = await new Chain().replay(vector("block_0_genesis").bytes);
  const { registry } = await genesis.replay(vector("block_1_enroll").bytes);
  const id = "energie.example";
  for (let i = registry.keysOf(id).length; i < 1024; i++) {
    const x = new Uint8Array(32).fill(i >> 8).fill(i & 255, 0, 1);
    const made = { x, kid: toHex(kidOf(x)) };
    registry.bring(made, "issuer", id, { entry: BigInt(i), time: 0n });
  }
  const operator = registry.keysOf(registry.origin).find(({ use }) => use === "operator");
  const next = { x: new Uint8Array(32).fill(99), kid: "none yet" };
  const add = { kind: "key", act: "add", name: id, key: next, claims: { sub: "key" }, seq: 0n };
  const code = () =>
    checkTable(registry, add, operator, 0n).catch((error) => {
      assert.ok(error instanceof Refused, error);
      return error.code;
    });
  assert.equal(await code(), "key-limit");
  // One of them is void, from before the enrollment that stands: the next check is reached.
  registry.issuers.get(id).entry = 1000n;
  registry.keysOf(id)[5].value = { state: "void" };
  assert.equal(await code(), "sequence");
});

test("a retirement that is not void stands when all is judged again, one that is void does not", async () => {
  const genesis = await new Chain().replay(vector("block_0_genesis").bytes);
  const { registry } = await genesis.replay(vector("block_1_enroll").bytes);
  const id = "energie.example";
  const operator = registry.keysOf(registry.origin).find(({ use }) => use === "operator");
  const recovery = registry.keysOf(registry.origin).find(({ use }) => use === "recovery");
  let index = 100n;
  const act = (by, time, kind, more) => {
    const said = { kind: "key", act: kind, claims: { sub: "key" }, seq: 1n, ...more };
    registry.apply(said, by, { index: index++, time });
  };
  const [one, two, three] = [61, 62, 63].map((byte) => {
    const x = new Uint8Array(32).fill(byte);
    return { x, kid: toHex(kidOf(x)) };
  });
  for (const key of [one, two, three]) act(operator, 1000n, "add", { name: id, key });
  const value = ({ kid }) => registry.keys.get(kid).value;
  act(operator, 2000n, "retire", { about: one.kid });
  act(registry.keys.get(two.kid), 3000n, "retire", { about: three.kid });
  const [retired, other] = [value(one), value(three)];
  assert.deepEqual([retired.state, other.state], ["retired", "retired"]);
  act(operator, 4000n, "compromise", { about: two.kid, since: 3000n });
  assert.deepEqual(value(one), retired);
  assert.deepEqual(value(three), {
    ...other,
    state: "current",
    since: 4000n,
    entry: 105n,
    by: value(three).by,
  });
  // A rogue operator from 1500 on: the first retirement is void too, the keys that came before not.
  act(recovery, 5000n, "compromise", { about: operator.kid, since: 1500n });
  assert.deepEqual([value(one).state, value(one).since], ["current", 5000n]);
  // The report of the rogue is void as well: what it undid is said again.
  assert.equal(value(two).state, "current");
  assert.deepEqual(value(three), other);
});
