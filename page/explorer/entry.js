// One entry: what it says in a sentence, what that means, and all that is written in it.
import { code, element, pairs } from "../element.js";
import { moment } from "../moment.js";
import { name as nameOf } from "../name.js";
import { hasWord, number, word } from "../words.js";
import { entryAt } from "./answers.js";
import { sentence } from "./sentence.js";

const FINGERPRINT = /^(blake3|sha-256):[0-9a-f]{64}$/;
const HASH = /^[0-9a-f]{64}$/;

export async function showEntry(index) {
  const { block, entry } = await entryAt(index);
  const long = (hash) => element("span", { class: "long" }, code(hash));
  const said = Object.entries(entry.kind === "block" ? {} : entry.says);
  return element(
    "section",
    { "aria-labelledby": "entry-title" },
    element("p", { class: "kicker" }, word("entry.name", { index: number(entry.index) })),
    element("h1", { id: "entry-title", tabindex: "-1", class: "sentence" }, sentence(entry)),
    element("p", {}, word(`kind.${entry.kind}`)),
    pairs([
      [
        word("entry.block"),
        element(
          "a",
          { href: `#block/${block.height}` },
          word("block.name", { height: number(block.height) }),
        ),
      ],
      [word("block.sealed"), moment(block.time_ms)],
      [word("entry.issuer"), entry.issuer],
      [word("entry.kid"), long(entry.kid)],
      [word("entry.iat"), moment(entry.iat * 1000)],
      [word("entry.subject"), long(entry.subject)],
      [word("entry.leaf"), long(entry.leaf)],
      [word("entry.bytes"), number(entry.bytes)],
    ]),
    said.length > 0 ? element("h2", {}, word("entry.says")) : null,
    said.length > 0 ? pairs(said.filter(([name]) => !/^(since|time)$/.test(name)).map(fact)) : null,
  );
}

function fact([name, value]) {
  return [hasWord(`field.${name}`) ? word(`field.${name}`) : name, shown(name, value)];
}

function shown(name, value) {
  if (Array.isArray(value)) {
    return element(
      "ul",
      { class: "plain" },
      value.slice(0, 64).map((one) => element("li", {}, each(one))),
    );
  }
  if (name.endsWith("_ms") && Number.isSafeInteger(value)) return moment(value);
  if (hasWord(`${name}.${value}`)) return word(`${name}.${value}`);
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return word(value ? "yes" : "no");
  if (FINGERPRINT.test(value))
    return element("a", { class: "long", href: `./#${value}` }, code(value));
  return HASH.test(value) ? element("span", { class: "long" }, code(value)) : nameOf(String(value));
}

/** A key of the ledger, in genesis. */
function each(one) {
  const { use, kid } = one ?? {};
  const name = hasWord(`use.${use}`) ? word(`use.${use}`) : String(use);
  return [`${name} `, element("span", { class: "long" }, code(String(kid)))];
}
