// Probant's verifier: what is certified, by whom, and whether it still stands, computed here and not
// believed. Plain ES modules for browsers and Node: nothing to install, nothing to build, nothing
// sent anywhere. Written from docs/format.md alone.
//
// The tour, from a document to its verdict:
//
//   blake3.js, sha256.js     the document becomes its fingerprints        fingerprint.js
//   cbor.js, cose.js         bytes become signed messages, or are refused
//   ed25519.js, ml_dsa.js, key.js
//                            what a key is, what a signature is, that a key is held
//   statement.js, payload.js what issuers, the operator and the ledger say
//   list.js, tree.js         many documents in one statement; paths to the root of a tree
//   seal.js, checkpoint.js   what the ledger signs over the root of its tree
//   note.js, cosignature.js, verifier_key.js, trust_policy.js
//                            who else signed it, when, and whether that is enough
//   status.js                what became of a document, a key, an issuer
//   registry.js              who may say what: change.js what it changes, rules.js what it must
//                            keep, judgement.js what a stolen key makes void
//   parts.js, standing.js    a proof as bytes, and what its statuses amount to
//   proof.js                 the steps from these to a verdict: begin here
//   tlog_proof.js            its entry alone, as others' tools have it
//   chain.js, status_map.js  a whole ledger replayed, block after block
//
// Whatever is not right throws `Refused` (refused.js), with one of the codes of docs/format.md 12.

export { Blake3 } from "./blake3.js";
export { Chain, identityOfGenesis } from "./chain.js";
export { verifyCheckpoint } from "./checkpoint.js";
export { hasEd25519, isStrictKey } from "./ed25519.js";
export { fingerprints, parseFingerprint } from "./fingerprint.js";
export { parseIdentity } from "./identity.js";
export { readKeySet } from "./key.js";
export { verifyProof } from "./proof.js";
export { Refused } from "./refused.js";
export { Sha256 } from "./sha256.js";
export { verifyTlogProof } from "./tlog_proof.js";
export { checkConsistency } from "./tree.js";
export { judgeCheckpoint, parsePolicy } from "./trust_policy.js";
export { parseVerifierKey } from "./verifier_key.js";
