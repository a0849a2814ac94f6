// Seals and receipts: the ledger's signature over the root of its tree, alone or with the path of
// one entry (docs/format.md 8.1, 8.2).

import { toHex } from "./bytes.js";
import { Reader } from "./cbor.js";
import { checkSignature, decodeSign1 } from "./cose.js";
import { must, quote } from "./refused.js";
import { LONGEST_PATH, readPath } from "./tree.js";

const VDP = 396n;

/** @param {Uint8Array} bytes */
export function decodeSeal(bytes) {
  const seal = decode(bytes, "seal");
  must(seal.unprotected.length === 0, "header", "seal: its unprotected header is not empty");
  return seal;
}

/** A seal with the size, index and path of one entry. @param {Uint8Array} bytes */
export function decodeReceipt(bytes, what = "receipt") {
  const seal = decode(bytes, what);
  const [proof, more] = seal.unprotected;
  const one = proof?.label === VDP && proof.way === "-1 [" && !more;
  must(one, "header", `${what}: its unprotected header is not one inclusion proof`);
  const reader = Reader.whole(proof.bytes, `${what}: inclusion proof`);
  reader.array(3);
  const size = reader.uint();
  const index = reader.uint();
  return { ...seal, size, index, path: readPath(reader, LONGEST_PATH, 1) };
}

function decode(bytes, what) {
  const sign1 = decodeSign1(bytes, what);
  must(sign1.set === "seal", "header", `${what}: the header of a ${sign1.set}`);
  must(sign1.claims.aud === null, "header", `${what}: it has an aud`);
  must(sign1.payload === null, "header", `${what}: its payload is not nil`);
  const { sub } = sign1.claims;
  const [, digits] = /^block:(0|[1-9][0-9]{0,19})$/.exec(sub) ?? [];
  const height = BigInt(digits ?? -1);
  must(
    digits && height < 2n ** 64n,
    "subject",
    `${what}: ${quote(sub)} is not block: and a height`,
  );
  return { ...sign1, kid: toHex(sign1.kid), height };
}

/** 8.1: refuses what is not the seal of that origin, key, time (ms) and root. */
export async function checkSeal(seal, origin, key, time, root) {
  const ours = seal.claims.iss === origin && seal.kid === key.kid;
  must(ours, "issuer", `${seal.what}: it is not by the seal key of ${origin}`);
  must(
    seal.claims.iat === time / 1000n,
    "chain",
    `${seal.what}: its iat is not the time of its block`,
  );
  await checkSignature(seal, key.x, root);
}
