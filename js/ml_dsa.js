// ML-DSA-44 (docs/format.md 4.2, 8.4): no engine has it everywhere, so it is the caller's, or nobody's.

import { must } from "./refused.js";

/** Bytes of a key, and of a signature. */
export const ML_DSA_44_KEY = 1312;
const SIGNATURE = 2420;

/**
 * Refuses, as `signature`, what is none by this key; false where nothing here can tell.
 * @param {Function} [mlDsa44] see index.d.ts
 */
export async function checkMlDsa44(key, message, signature, what, mlDsa44) {
  must(signature.length === SIGNATURE, "signature", `${what}: its signature has another length`);
  if (!mlDsa44) return false;
  const holds = await mlDsa44(key, message, signature);
  must(holds === true, "signature", `${what}: its signature does not verify`);
  return true;
}
