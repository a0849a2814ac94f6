// Measures what a verifier waits for: hashing a document, and verifying a proof, the first time and
// again. Run: node test/bench.js [MiB to hash, 256]

import { performance } from "node:perf_hooks";
import { Blake3, Sha256, verifyProof } from "../index.js";
import { vector } from "./vector.js";

const MIB = 1 << 20;

async function seconds(act) {
  const from = performance.now();
  await act();
  return (performance.now() - from) / 1000;
}

const proof = vector("proof_of_a_single_document");
const [identity] = proof.inputs.get("identity");
const verify = () => verifyProof(proof.bytes, identity, proof.inputs.get("document"));
console.log(`verifyProof, cold: ${((await seconds(verify)) * 1000).toFixed(1)} ms`);
const many = async () => {
  for (let i = 0; i < 500; i++) await verify();
};
console.log(`verifyProof, warm: ${((await seconds(many)) * 2).toFixed(1)} ms`);

const size = Number(process.argv[2] ?? 256);
const piece = new Uint8Array(MIB).map((_, i) => i % 251);
for (const Hash of [Blake3, Sha256]) {
  const hash = new Hash();
  const time = await seconds(() => {
    for (let i = 0; i < size; i++) hash.update(piece);
    hash.digest();
  });
  console.log(`${Hash.name}: ${((size * MIB) / 1e6 / time).toFixed(0)} MB/s over ${size} MiB`);
}
