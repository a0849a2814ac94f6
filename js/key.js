// Keys as COSE_Key, their names, sets of them, and the proof that they are held (docs/format.md 4.1,
// 4.3, 5.3).

import { concat, equal, fromHex, toHex } from "./bytes.js";
import { cborBytes, cborMap, cborText, cborUint, Reader } from "./cbor.js";
import { ALGORITHM, checkSignature, readAlgorithm, readSign1 } from "./cose.js";
import { checkKey } from "./ed25519.js";
import { must, refuse, Refused } from "./refused.js";
import { sha256 } from "./sha256.js";

const COSE_KEY = fromHex("a301012006215820");
/** In a key set: what stands before the kid, and between it and x. */
const BEFORE_KID = fromHex("a50101025820");
const AFTER_KID = fromHex("03272006215820");
const POSSESSION = "application/vnd.probant.possession+cbor";

/** The uses that genesis lists, in its order. */
export const LEDGER_USES = ["seal", "note", "operator", "recovery"];

/** The name of a key: the RFC 9679 thumbprint. @param {Uint8Array} x 32 bytes */
export function kidOf(x) {
  return sha256(COSE_KEY, x);
}

/** The 32 bytes of a COSE_Key, the next item of a CBOR reader. */
export function readKey(reader) {
  return readAs(reader, (x) => concat(COSE_KEY, x), "{1: 1, -1: 6, -2: x}");
}

/** The keys of a COSE key set. */
export function readKeySet(bytes) {
  const reader = Reader.whole(bytes, "key set");
  const encode = (x) => concat(BEFORE_KID, kidOf(x), AFTER_KID, x);
  const read = () => readAs(reader, encode, "{1: 1, 2: kid, 3: -8, -1: 6, -2: x}");
  return Array.from({ length: reader.array() }, read);
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
  return {
    header: concat(
      Uint8Array.of(0xa3),
      ALGORITHM,
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
 */
export async function checkPossession(listed, use, owner, seq, ledger) {
  const sign1 = readSign1(listed.possession, "possession");
  try {
    readAlgorithm(sign1);
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
  await checkSignature(sign1, listed.x);
}
