// Proofs in C2SP's form: an entry under a cosigned checkpoint (docs/format.md 11.5).

import { equal, fromBase64, fromUtf8, toUtf8 } from "./bytes.js";
import { must } from "./refused.js";
import { checkPath, leafHash } from "./tree.js";
import { judgeCheckpoint } from "./trust_policy.js";

const HEADER = "c2sp.org/tlog-proof@v1";
const LONGEST = 1 << 18;
const MOST_HASHES = 64;

function bad(holds, message) {
  must(holds, "proof", `tlog-proof: ${message}`);
}

function readBase64(text) {
  const bytes = fromBase64(text);
  bad(bytes?.length > 0, "a line that is not base64");
  return bytes;
}

/** In its one spelling. @param {Uint8Array} bytes */
export function parseTlogProof(bytes) {
  must(bytes.length <= LONGEST, "too-large", `a proof of ${bytes.length} bytes`);
  const text = fromUtf8(bytes);
  bad(text !== null, "it is not UTF-8");
  const parting = text.indexOf("\n\n");
  bad(parting >= 0, "no empty line before its checkpoint");
  const [header, ...lines] = text.slice(0, parting).split("\n");
  bad(header === HEADER, `its first line is not ${HEADER}`);
  const extra = lines[0]?.startsWith("extra ") ? readBase64(lines.shift().slice(6)) : null;
  const [, index] = /^index (0|[1-9][0-9]{0,19})$/.exec(lines.shift() ?? "") ?? [];
  bad(index !== undefined && BigInt(index) < 2n ** 64n, "no line 'index' with a number");
  const path = lines.map(readBase64);
  bad(path.length <= MOST_HASHES && path.every((hash) => hash.length === 32), "no path");
  return { extra, index: BigInt(index), path, note: toUtf8(text.slice(parting + 2)) };
}

/**
 * That an entry is in the tree of the proof's checkpoint, and what that is worth by a policy.
 * @param {Uint8Array} bytes @param {Uint8Array} entry @param {object} policy
 * @param {{log?: object, mlDsa44?: Function}} [known] see `judgeCheckpoint`
 */
export async function verifyTlogProof(bytes, entry, policy, known = {}) {
  const { extra, index, path, note } = parseTlogProof(bytes);
  const judged = await judgeCheckpoint(note, policy, known);
  const { size, root } = judged.checkpoint;
  checkPath(leafHash(entry), index, size, path, root, "the tlog-proof");
  return { ...judged, index, carriesEntry: extra !== null && equal(extra, entry) };
}
