// Keys as COSE_Key, their names, sets of them, and the proof that they are held (docs/format.md 4.1,
// 4.3, 5.3).

import { concat, equal, fromHex, toHex } from "./bytes.js";
import { cborBytes, cborMap, cborText, cborUint, Reader } from "./cbor.js";
import { checkSignature, EDDSA, ML_DSA_44, readAlgorithm, readSign1, toBeSigned } from "./cose.js";
import { checkMlDsa44, ML_DSA_44_KEY } from "./ml_dsa.js";
import { checkKey } from "./ed25519.js";
import { must, refuse, Refused } from "./refused.js";
import { sha256 } from "./sha256.js";

const COSE_KEY = fromHex("a301012006215820");
/** In a key set: what stands before the kid, and between it and x. */
const BEFORE_KID = fromHex("a50101025820");
const AFTER_KID = fromHex("03272006215820");
const POSSESSION = "application/vnd.probant.possession+cbor";

/** `1: alg` of a protected header. */
const ALGORITHMS = new Map([
  [EDDSA, Uint8Array.of(0x01, 0x27)],
  [ML_DSA_44, Uint8Array.of(0x01, 0x38, 0x2f)],
]);
const AKP_KEY = fromHex("a3010703382f20590520");

/** The uses that genesis lists, in its order; the last one is optional. */
export const NOTE_ML_DSA = "note-ml-dsa";
export const LEDGER_USES = ["seal", "note", "operator", "recovery", NOTE_ML_DSA];

function algorithmOf(use) {
  return use === NOTE_ML_DSA ? ML_DSA_44 : EDDSA;
}

/** The name of a key: the RFC 9679 thumbprint. @param {Uint8Array} x 32 bytes */
export function kidOf(x) {
  return sha256(COSE_KEY, x);
}

/** The keys of a COSE key set. */
export function readKeySet(bytes) {
  const reader = Reader.whole(bytes, "key set");
  const encode = (x) => concat(BEFORE_KID, kidOf(x), AFTER_KID, x);
  const read = () => readAs(reader, encode, "{1: 1, 2: kid, 3: -8, -1: 6, -2: x}");
  return Array.from({ length: reader.array() }, read);
}

/** The bytes of a COSE_Key for a use, the next item of a CBOR reader: 32, or 1,312 of ML-DSA-44. */
export function readKey(reader, use) {
  if (algorithmOf(use) === ML_DSA_44) {
    const item = reader.raw();
    const x = item.subarray(-ML_DSA_44_KEY);
    const formed = x.length === ML_DSA_44_KEY && equal(item, concat(AKP_KEY, x));
    reader.must(formed, "a COSE_Key {1: 7, 3: -48, -1: pub} is wanted");
    return { x, kid: toHex(sha256(item)) };
  }
  return readAs(reader, (x) => concat(COSE_KEY, x), "{1: 1, -1: 6, -2: x}");
}

/** A key whose one accepted encoding is `encode(x)`, x last. */
function readAs(reader, encode, form) {
  const item = reader.raw();
  reader.must(item.length >= 32, "a COSE_Key is wanted");
  const x = item.subarray(-32);
  checkKey(x);
  reader.must(equal(item, encode(x)), `a COSE_Key ${form} is wanted`);
  return { x, kid: toHex(kidOf(x)) };
}

/** What a possession has to be, byte for byte, but for its signature. */
function expected(kid, use, owner, seq, ledger) {
  const algorithm = ALGORITHMS.get(algorithmOf(use));
  return {
    header: concat(
      Uint8Array.of(0xa3),
      algorithm,
      Uint8Array.of(3),
      cborText(POSSESSION),
      Uint8Array.of(4),
      cborBytes(kid),
    ),
    payload: cborMap(
      cborBytes(kid),
      cborText(use),
      cborText(owner),
      cborUint(seq),
      cborBytes(ledger),
    ),
  };
}

/**
 * Refuses unless whoever lists a key holds it, for this use, owner, statement and ledger.
 * @param {{x: Uint8Array, kid: string, possession: Uint8Array}} listed
 * @param {Uint8Array} ledger the ledger id; in genesis, its random bytes
 * @param {Function} [mlDsa44] without it, the signature of such a key is not looked at
 */
export async function checkPossession(listed, use, owner, seq, ledger, mlDsa44) {
  const sign1 = readSign1(listed.possession, "possession");
  try {
    readAlgorithm(sign1, algorithmOf(use));
  } catch (error) {
    if (error instanceof Refused && error.code === "header") refuse("possession", error.message);
    throw error;
  }
  const { header, payload } = expected(fromHex(listed.kid), use, owner, seq, ledger);
  must(
    equal(sign1.protected, header) &&
      equal(sign1.unprotected, Uint8Array.of(0xa0)) &&
      sign1.payload !== null &&
      equal(sign1.payload, payload),
    "possession",
    `the possession of key ${listed.kid} is for something else`,
  );
  if (algorithmOf(use) === EDDSA) return checkSignature(sign1, listed.x);
  const message = toBeSigned(sign1, sign1.payload);
  await checkMlDsa44(listed.x, message, sign1.signature, sign1.what, mlDsa44);
}
