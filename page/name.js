// Names that others chose: of issuers, of files. Letters that nobody sees are shown by their
// numbers, and what is written from right to left does not turn what stands around it.
import { element } from "./element.js";

/** They leave no mark on paper; the last is the empty pattern of Braille. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2800]/gu;
/** Scripts from right to left. */
const LEFTWARD = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const numbered = (letter) =>
  `[U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

const seen = (text) => text.replace(UNSEEN, numbered);

/** A name within a sentence. */
export function named(text) {
  const shown = seen(text);
  return LEFTWARD.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** A name as an element. */
export function name(text, attributes = {}) {
  return element("bdi", attributes, seen(text));
}
