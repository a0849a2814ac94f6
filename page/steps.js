// The verification step by step, for those who want to see: one step for each number of
// docs/format.md 11.3, as the verifier took it.
import { code, element, pairs } from "./element.js";
import { moment } from "./moment.js";
import { hasWord, number, word } from "./words.js";

const stepWord = (name) => (hasWord(`step.${name}`) ? word(`step.${name}`) : name);

/** A fact in the form in which it is read: times as times, hashes as code, the rest as it is. */
function fact(name, value) {
  if (name === "iat") return moment(value * 1000);
  if (/timeMs|sinceMs/i.test(name)) return moment(value);
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return value.map(number).join(", ");
  if (typeof value === "object") return parts(value);
  return hasWord(`outcome.${value}`)
    ? word(`outcome.${value}`)
    : element("span", { class: "long" }, code(value));
}

/** What became of a key, an issuer or a document: some facts in one. */
function parts(value) {
  const all = Object.entries(value).filter(([, part]) => part !== null);
  return element(
    "ul",
    {},
    all.map(([name, part]) => element("li", {}, `${factWord(name)}: `, fact(name, part))),
  );
}

function factWord(name) {
  return hasWord(`fact.${name}`) ? word(`fact.${name}`) : name;
}

function step({ name, facts }, state) {
  const says = hasWord(`step.${name}.says`) ? word(`step.${name}.says`) : null;
  const known = Object.entries(facts ?? {}).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return element(
    "li",
    { class: state },
    element(
      "p",
      { class: "name" },
      stepWord(name),
      element("span", { class: "state" }, word(`step.${state}`)),
    ),
    says ? element("p", {}, says) : null,
    pairs(known.map(([name, value]) => [factWord(name), fact(name, value)])),
  );
}

/** The steps that were passed, and the one that refused, if one did. */
export function stepsOf(passed, refusing) {
  const last = refusing ? [step({ name: refusing }, "refusing")] : [];
  return element(
    "ol",
    { class: "steps" },
    passed.map((one) => step(one, "passed")),
    last,
  );
}
