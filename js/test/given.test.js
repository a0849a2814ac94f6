// An issuer that is given 1,024 keys: the blocks are too long to be stored as vectors, and are made
// here, signed with the keys of the vectors (docs/format.md 13).

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { test } from "node:test";
import { concat, fromHex, toHex } from "../bytes.js";
import { cborArray, cborBytes, cborMap, cborText, cborUint, Reader } from "../cbor.js";
import { Chain, Refused } from "../index.js";
import { readSign1 } from "../cose.js";
import { kidOf } from "../key.js";
import { checkTable } from "../rules.js";
import { decodeSubmission } from "../statement.js";
import { leafHash } from "../tree.js";
import { vector } from "./vector.js";

const EMPTY = Uint8Array.of(0xa0);
const NIL = Uint8Array.of(0xf6);
/** Seeds are 32 times this byte. */
const [SEAL, OPERATOR] = [1, 3];
const ISSUER = "energie.example";

function keyOf(seed) {
  const der = concat(fromHex("302e020100300506032b657004220420"), seed);
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
}

function keyOfByte(byte) {
  return keyOf(new Uint8Array(32).fill(byte));
}

/** A COSE_Sign1; `detached` is signed where the payload is nil. */
function signed(key, header, payload, detached = payload) {
  const said = [cborText("Signature1"), cborBytes(header), cborBytes(new Uint8Array(0))];
  const signature = new Uint8Array(sign(null, cborArray(...said, cborBytes(detached)), key));
  const body = payload ? cborBytes(payload) : NIL;
  const parts = cborArray(cborBytes(header), EMPTY, body, cborBytes(signature));
  return concat(Uint8Array.of(0xd2), parts);
}

/** What `submission_key_added_by_the_operator` says, of another key. */
const TEMPLATE = decodeSubmission(vector("submission_key_added_by_the_operator").bytes);
const HELD = readSign1(TEMPLATE.key.possession, "possession");

function names({ x, kid }) {
  return [toHex(x), kid, toHex(new TextEncoder().encode(kid))];
}

/** The key of this number, added. */
function addition(number) {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  const key = keyOf(seed);
  const { x: text } = createPublicKey(key).export({ format: "jwk" });
  const x = new Uint8Array(Buffer.from(text, "base64url"));
  const [from, to] = [TEMPLATE.key, { x, kid: toHex(kidOf(x)) }].map(names);
  const about = (bytes) =>
    fromHex(from.reduce((hex, name, i) => hex.replaceAll(name, to[i]), toHex(bytes)));
  const held = signed(key, about(HELD.protected), about(HELD.payload));
  const possession = cborBytes(TEMPLATE.key.possession).length;
  const kept = TEMPLATE.payload.subarray(0, TEMPLATE.payload.length - possession);
  const payload = concat(about(kept), cborBytes(held));
  return signed(keyOfByte(OPERATOR), about(TEMPLATE.protected), payload);
}

/** The next block, with the headers of a vector's block of that height. */
function block(chain, name, entries) {
  const { head, tree } = chain;
  const reader = Reader.whole(vector(name).bytes, name);
  reader.array();
  const seal = readSign1(reader.bytes(), name);
  const parts = Array.from({ length: reader.array() }, () => reader.bytes());
  const statement = readSign1(parts[parts.length - 1], name);
  const payload = cborMap(
    cborUint(head.height + 1n),
    cborBytes(head.leaf),
    cborUint(head.size),
    cborUint(head.size + BigInt(entries.length) + 1n),
    cborUint(head.documents),
    cborUint(head.time),
    cborBytes(chain.map.root()),
  );
  const all = [...entries, signed(keyOfByte(SEAL), statement.protected, payload)];
  const grown = tree.clone();
  for (const entry of all) grown.add(leafHash(entry));
  const sealed = signed(keyOfByte(SEAL), seal.protected, null, grown.root());
  return cborArray(cborBytes(sealed), cborArray(...all.map(cborBytes)), cborArray());
}

async function enrolled() {
  const genesis = await new Chain().replay(vector("block_0_genesis").bytes);
  return genesis.replay(vector("block_1_enroll").bytes);
}

test("an issuer is given 1,024 keys, and no more", async () => {
  const before = await enrolled();
  assert.equal(TEMPLATE.name, ISSUER);
  const most = Array.from({ length: 1022 }, (_, i) => addition(i + 1));
  const chain = await before.replay(block(before, "block_2_certify", most));
  assert.equal(chain.registry.keysOf(ISSUER).length, 1023);
  await chain.admit(addition(1023), chain.head.time);
  const full = await chain.replay(block(chain, "block_3_heartbeat", [addition(1023)]));
  assert.equal(full.registry.keysOf(ISSUER).length, 1024);
  const more = full.admit(addition(1024), full.head.time);
  await assert.rejects(more, { name: "Refused", code: "key-limit" });
});

test("void ones do not count that came before it was enrolled anew", async () => {
  const { registry } = await enrolled();
  for (let i = registry.keysOf(ISSUER).length; i < 1024; i++) {
    const x = new Uint8Array(32).fill(i >> 8).fill(i & 255, 0, 1);
    const made = { x, kid: toHex(kidOf(x)) };
    registry.bring(made, "issuer", ISSUER, { entry: BigInt(i), time: 0n });
  }
  const operator = registry.keysOf(registry.origin).find(({ use }) => use === "operator");
  const next = { x: new Uint8Array(32).fill(99), kid: "none yet" };
  const add = { kind: "key", act: "add", name: ISSUER, key: next, claims: { sub: "key" }, seq: 0n };
  const code = () =>
    checkTable(registry, add, operator, 0n).catch((error) => {
      assert.ok(error instanceof Refused, error);
      return error.code;
    });
  assert.equal(await code(), "key-limit");
  // One of them is void, from before the enrollment that stands: the next check is reached.
  registry.issuers.get(ISSUER).entry = 1000n;
  registry.keysOf(ISSUER)[5].value = { state: "void" };
  assert.equal(await code(), "sequence");
});
