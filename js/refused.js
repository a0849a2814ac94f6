// A refusal: what was given does not hold, and why. It is all that hostile input can make this
// module throw.

/** `code` is one of docs/format.md 12 and stable; the message is for people, and is not. */
export class Refused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
    /** Of `verifyProof`: the step that refused, and the steps passed before it. */
    this.step = null;
    this.steps = [];
  }
}

/** @returns {never} */
export function refuse(code, message) {
  throw new Refused(code, message);
}

export function must(holds, code, message) {
  if (!holds) refuse(code, message);
}

/** A text of others in a message: short, and in quotes. */
export function quote(text) {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
