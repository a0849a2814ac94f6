// What each kind of vector asks of the verifier, and the results that it has to come to.

import assert from "node:assert/strict";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa";
import { fromHex, fromUtf8, toHex } from "../bytes.js";
import { Chain } from "../chain.js";
import { verifyCheckpoint } from "../checkpoint.js";
import { checkSignature } from "../cose.js";
import { checkKey, verifySignature } from "../ed25519.js";
import { parseFingerprint } from "../fingerprint.js";
import { parseIdentity } from "../identity.js";
import { kidOf } from "../key.js";
import { decodeList } from "../list.js";
import { signaturesOf, splitNote } from "../note.js";
import { verifyProof } from "../proof.js";
import { must } from "../refused.js";
import { checkSeal, decodeReceipt } from "../seal.js";
import { decodeEntry, decodeSubmission } from "../statement.js";
import { decodeStatusPath, documentSlot, issuerSlot, keySlot, statusRoot } from "../status.js";
import { verifyTlogProof } from "../tlog_proof.js";
import { checkConsistency, followPath } from "../tree.js";
import { judgeCheckpoint, parsePolicy } from "../trust_policy.js";
import { parseVerifierKey } from "../verifier_key.js";
import { vector as read } from "./vector.js";

/** The one line of that name, or null. */
function line({ inputs }, name) {
  const lines = inputs.get(name) ?? [null];
  assert.equal(lines.length, 1, name);
  return lines[0];
}

function bytesOf(vector, name) {
  const text = line(vector, name);
  return text === null ? null : fromHex(text);
}

/** What the vector says of a result, where it says it. */
function same(vector, name, result) {
  const wanted = line(vector, name);
  if (wanted !== null) assert.equal(String(result), wanted, `${vector.name}: ${name}`);
}

async function entry(vector) {
  const statement = decodeEntry(vector.bytes);
  same(vector, "leaf", toHex(statement.leaf));
  const key = bytesOf(vector, "key");
  if (key) await checkSignature(statement, key);
}

/** The chain after these vectors of blocks, each replayed once. */
const chains = new Map([["", Promise.resolve(new Chain({ mlDsa44 }))]]);

function chainAfter(names) {
  const path = names.join(" ");
  if (!chains.has(path)) {
    const before = chainAfter(names.slice(0, -1));
    const { bytes } = read(names[names.length - 1]);
    chains.set(
      path,
      before.then((chain) => chain.replay(bytes)),
    );
  }
  return chains.get(path);
}

function before(vector) {
  const after = line(vector, "after");
  return chainAfter(after === null ? [] : after.split(" "));
}

async function submission(vector) {
  if (!vector.inputs.has("after")) decodeSubmission(vector.bytes);
  else await (await before(vector)).admit(vector.bytes, BigInt(line(vector, "time")));
}

async function block(vector) {
  const chain = await (await before(vector)).replay(vector.bytes);
  same(vector, "identity", chain.identity());
}

async function receipt(vector) {
  const decoded = decodeReceipt(vector.bytes);
  const { size, index, path } = decoded;
  const root = followPath(bytesOf(vector, "leaf"), index, size, path);
  const x = bytesOf(vector, "key");
  const key = { x, kid: toHex(kidOf(x)) };
  await checkSeal(decoded, line(vector, "origin"), key, BigInt(line(vector, "time")), root);
}

async function checkpoint(vector) {
  const key = bytesOf(vector, "key");
  const head = await verifyCheckpoint(vector.bytes, line(vector, "origin"), key);
  same(vector, "size", head.size);
  same(vector, "root", toHex(head.root));
}

async function vkey(vector) {
  const parsed = parseVerifierKey(fromUtf8(vector.bytes) ?? "\ufffd");
  same(vector, "name", parsed.name);
  same(vector, "id", toHex(parsed.id));
}

/** By an implementation that is nobody's here. */
function mlDsa44(publicKey, message, signature) {
  return ml_dsa44.verify(publicKey, message, signature);
}

async function note(vector) {
  const keys = (vector.inputs.get("vkey") ?? []).map(parseVerifierKey);
  const signed = await signaturesOf(splitNote(vector.bytes), keys, mlDsa44);
  must(signed.length > 0, "signature", "nobody known signed it");
  const lines = signed.map(({ key, seconds }) => `${key.name} ${seconds ?? "none"}`);
  assert.deepEqual(lines, vector.inputs.get("signed"), vector.name);
}

async function policy(vector) {
  try {
    const parsed = parsePolicy(vector.bytes);
    same(vector, "logs", parsed.logs.length);
    same(vector, "witnesses", parsed.witnesses.length);
  } catch (error) {
    const wanted = line(vector, "line");
    if (!/no quorum line/.test(error.message)) assert.match(error.message, RegExp(`line ${wanted}:`));
    throw error;
  }
}

async function cosigned(vector) {
  const by = parsePolicy(read(line(vector, "policy")).bytes);
  const judged = await judgeCheckpoint(vector.bytes, by, { mlDsa44 });
  same(vector, "quorum", judged.quorum ? "reached" : "missing");
  same(vector, "notafter", judged.notAfterS ?? "none");
  same(vector, "notbefore", judged.notShownBeforeS ?? "none");
}

async function tlogproof(vector) {
  const by = parsePolicy(read(line(vector, "policy")).bytes);
  const entry = bytesOf(vector, "entry");
  const judged = await verifyTlogProof(vector.bytes, entry, by, { mlDsa44 });
  same(vector, "index", judged.index);
  same(vector, "quorum", judged.quorum ? "reached" : "missing");
}

async function identity(vector) {
  const { origin, ledger } = parseIdentity(fromUtf8(vector.bytes) ?? "\ufffd");
  same(vector, "origin", origin);
  same(vector, "ledger", ledger);
}

async function list(vector) {
  const { count, root } = decodeList(vector.bytes, line(vector, "shape") === "replacements");
  same(vector, "count", count);
  same(vector, "root", toHex(root));
}

async function consistency(vector) {
  assert.equal(vector.bytes.length % 32, 0);
  const count = vector.bytes.length / 32;
  const path = Array.from({ length: count }, (_, i) => vector.bytes.subarray(32 * i, 32 * i + 32));
  checkConsistency(
    BigInt(line(vector, "from")),
    bytesOf(vector, "older"),
    BigInt(line(vector, "to")),
    bytesOf(vector, "newer"),
    path,
  );
}

async function status(vector) {
  const slot = bytesOf(vector, "slot");
  const path = decodeStatusPath(vector.bytes);
  must(toHex(statusRoot(path, slot)) === line(vector, "root"), "path-root", "another root");
  same(vector, "value", path.bytes ? toHex(path.bytes) : "none");
  const owner = line(vector, "owner");
  if (owner === null) return;
  const [document, kid] = [line(vector, "document"), bytesOf(vector, "kid")];
  const named = document
    ? documentSlot(owner, parseFingerprint(document))
    : kid
      ? keySlot(owner, kid)
      : issuerSlot(owner);
  assert.equal(toHex(named), toHex(slot), vector.name);
}

async function key(vector) {
  checkKey(vector.bytes);
  same(vector, "kid", toHex(kidOf(vector.bytes)));
}

async function signature(vector) {
  const by = bytesOf(vector, "key");
  checkKey(by);
  await verifySignature(by, bytesOf(vector, "message"), vector.bytes);
}

async function proof(vector) {
  const documents = vector.inputs.get("document") ?? [];
  const by = line(vector, "policy");
  const policy = by === null ? undefined : parsePolicy(read(by).bytes);
  const believed = { policy, mlDsa44 };
  const verdict = await verifyProof(vector.bytes, line(vector, "identity"), documents, believed);
  same(vector, "issuer", verdict.issuer.id);
  same(vector, "entry", verdict.entry);
  same(vector, "time", verdict.sealed.timeMs);
  same(vector, "head", verdict.head.height);
  same(vector, "standing", verdict.standing);
  same(vector, "timestamps", verdict.timestamps);
  const second = verdict.steps[9]?.facts.mlDsa44 === "signed";
  same(vector, "mldsa", second ? "yes" : "no");
  if (policy) same(vector, "quorum", verdict.witnessed.quorum ? "reached" : "missing");
  if (policy) same(vector, "notafter", verdict.witnessed.notAfterS ?? "none");
  assert.equal(verdict.steps.length, verdict.checkpoint === null ? 9 : 10, vector.name);
}

/** One for each kind; a vector of another kind fails the tests. */
export const KINDS = {
  entry,
  submission,
  block,
  receipt,
  checkpoint,
  vkey,
  note,
  policy,
  cosigned,
  tlogproof,
  identity,
  list,
  consistency,
  status,
  key,
  signature,
  proof,
};
