// What a certification amounts to as of the head of a proof (docs/format.md 11.3, step 9, and 9.4):
// told by paths of the status map, one slot after the other.

import { equal, fromHex, toHex } from "./bytes.js";
import { isVoidBy } from "./judgement.js";
import { must } from "./refused.js";
import { documentSlot, FALLS, issuerSlot, keySlot, statusRoot } from "./status.js";

/** The status paths of a proof, taken in their order: each shows what one slot holds. */
class Slots {
  constructor(paths, root) {
    this.paths = paths;
    this.root = root;
    this.taken = 0;
    this.keys = new Map();
  }

  take(slot, of) {
    const path = this.paths[this.taken++];
    must(path, "proof", `the status of the ${of} is not in the proof`);
    const right = equal(statusRoot(path, slot), this.root);
    must(right, "path-root", `the status of the ${of} leads to another root`);
    must(
      !path.value || path.value.of === of,
      "status",
      `the status of the ${of} is of another kind`,
    );
    return path.value;
  }

  /** A key has its path once, where it first comes. @param {string} kid */
  key(owner, kid) {
    if (!this.keys.has(kid)) this.keys.set(kid, this.take(keySlot(owner, fromHex(kid)), "key"));
    return this.keys.get(kid);
  }

  end() {
    const more = this.paths.length - this.taken;
    must(more === 0, "proof", `${more} statuses too many in the proof`);
  }
}

/**
 * The standing, and what it follows from.
 * @param {object} parts of the proof @param {object} issuer by its newest enrollment
 * @param {object} signer the key of the statement @param {object} sealed @param {object} head
 */
export function standingOf({ document, statuses }, issuer, signer, sealed, head) {
  const { id } = issuer;
  const slots = new Slots(statuses, head.statusRoot);
  let fall = slots.take(documentSlot(id, document.fingerprint), "document");
  const state = slots.take(issuerSlot(id), "issuer");
  const key = slots.key(id, signer.kid);
  const enrolled = slots.key(id, issuer.kid);
  for (let n = 1; fall && !stands(fall, slots.key(id, toHex(fall.kid))); n++) {
    fall = n < FALLS ? slots.take(documentSlot(id, document.fingerprint, n), "document") : null;
  }
  slots.end();
  const same = enrolled?.state !== "void" || key?.state === "void";
  must(same, "proof", "the issuer was enrolled by somebody else: the enrollment is void");
  const distrusted = isVoidBy(key, sealed.time);
  const standing = distrusted ? "distrusted" : fallen(fall);
  return { standing, state, key, fall: distrusted ? null : fall };
}

function stands(fall, key) {
  return !isVoidBy(key, fall.time);
}

function fallen(fall) {
  if (!fall) return "certified";
  return fall.reason === "superseded" ? "superseded" : "revoked";
}
