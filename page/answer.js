// The answer about one document, in one glance: what, who, when, how fresh; then what it rests
// on, and the verification step by step.
import { link, print } from "./attestation.js";
import { domain } from "./domain.js";
import { button, code, element, lines, pairs } from "./element.js";
import { age, ago, moment } from "./moment.js";
import { name, named } from "./name.js";
import { mark, rosette } from "./rosette.js";
import { cautions, how, meaning, notes, standing } from "./standing.js";
import { stepsOf } from "./steps.js";
import { counted, number, word } from "./words.js";

/** What may be otherwise when it is asked again. */
const AGAIN = ["unreachable", "stale", "behind", "ahead", "aged"];
const MARKED = ["certified", "stood", "linked", "superseded", "revoked", "distrusted"];

/** The answer as an article; its heading takes the focus. */
export function answer(item, page) {
  const { result } = item;
  const { outcome } = result;
  const [first, ...others] = result.certifications;
  return element(
    "article",
    {
      id: `item-${item.id}`,
      class: `answer ${mark(outcome)}${result.fallen?.length ? " contested" : ""}`,
      "data-outcome": outcome,
      "aria-labelledby": `verdict-${item.id}`,
    },
    element(
      "div",
      { class: "glance" },
      rosette(first?.verified.fingerprint ?? item.fingerprints?.[0], outcome),
      element(
        "div",
        {},
        element(
          "p",
          { class: "document" },
          item.name === null ? word("answer.linked") : name(item.name),
        ),
        element("h2", { id: `verdict-${item.id}`, tabindex: "-1" }, word(`outcome.${outcome}`)),
        element("p", { class: "says" }, sentence(item, page)),
        lines(cautions(item), "cautions"),
      ),
    ),
    page.several()
      ? fold(word("details.all"), rest(item, page, first, others))
      : rest(item, page, first, others),
  );
}

/** What is said below the glance; of several answers, only to who asks. */
function rest(item, page, first, others) {
  const { result } = item;
  return [
    first ? known(first.verified, result, page) : null,
    lines(notes(item, page.trust), "notes"),
    first ? element("p", { class: "rests" }, word(meaning(result.outcome))) : null,
    actions(item, page),
    details(item, page, others),
  ];
}

const told = ({ outcome, offline }, page) => ({ outcome, offline, nowMs: page.now() });

/** All that the glance says, for who hears it. */
export function summary(item, page) {
  const all = [sentence(item, page), ...cautions(item)];
  return `${word(`outcome.${item.result.outcome}`)}. ${all.join(" ")}`;
}

/** The outcome in a sentence. */
function sentence({ result }, page) {
  const { outcome, certifications, head } = result;
  if (MARKED.includes(outcome)) return standing(certifications[0].verified, told(result, page));
  const height = head ? number(head.height) : "";
  const age = head ? ago(head.timeMs, page.now()) : "";
  const said = result.said ? word(`outcome.${result.said}`) : "";
  const newest = result.newest ? number(result.newest) : "";
  return word(`outcome.${outcome}.says`, { height, age, said, newest });
}

/** Who, also by its domain, when, where, how fresh. */
function known(verified, result, page) {
  const { issuer, sealed, head, listCount, fall } = verified;
  const who = [
    name(issuer.legalName, { class: "name" }),
    ` (${issuer.country} ${named(issuer.registration)}), `,
    element("span", { class: "id" }, issuer.id),
  ];
  const others = listCount > 1 ? `, ${counted("answer.others", listCount)}` : "";
  const where = word("answer.where.is", {
    block: number(sealed.height),
    entry: number(verified.entry),
  });
  // Whoever does not name the document to the ledger does not ask for its entry either.
  const place = result.prefix
    ? where
    : element("a", { href: `explorer.html#entry/${verified.entry}` }, where);
  return pairs(
    [
      [word("answer.by"), who],
      [word("answer.domain"), domain(verified, page)],
      [word("answer.when"), moment(sealed.timeMs)],
      [word("answer.where"), [place, others]],
      [
        word("answer.replacement"),
        fall?.replacement
          ? element("a", { class: "long", href: `#${fall.replacement}` }, code(fall.replacement))
          : null,
      ],
      [
        word("answer.fresh"),
        [word("answer.asof", { block: number(head.height) }), ", ", age(head.timeMs, page.now())],
      ],
      [word("answer.checked"), how(result, page.trust)],
      [word("answer.against"), element("span", { class: "long" }, code(result.identity))],
    ],
    { class: "known" },
  );
}

/** What can be done with it. */
function actions(item, page) {
  const { result } = item;
  const [first] = result.certifications;
  const all = [...asking(item, page)];
  if (first) all.push(button(word("action.proof"), () => save(first, item), { class: "button" }));
  // A paper that says what was verified is for whoever had the document.
  if (first && item.name !== null) all.push(...printing(item, page));
  return all.length > 0 ? element("div", { class: "actions" }, all) : null;
}

/** What is asked for next, if anything is. */
function asking(item, page) {
  const { outcome, offline, certifications } = item.result;
  const primary = { class: "button" };
  if (item.name === null && certifications.length > 0)
    return [button(word("action.choose"), page.choose, primary)];
  if (!item.fingerprints) return [];
  if (outcome === "curious") {
    const ask = () => page.ask(item, { isNamed: true });
    return [button(word("action.name"), ask, primary)];
  }
  if (!offline && !AGAIN.includes(outcome)) return [];
  return [button(word(offline ? "action.ask" : "action.again"), () => page.ask(item), primary)];
}

function printing(item, page) {
  const named = element("input", { type: "checkbox", id: `named-${item.id}` });
  const paper = () => print(item, page, { isNamed: named.checked });
  return [
    button(word("action.print"), paper, { class: "button quiet" }),
    element(
      "span",
      { class: "named" },
      named,
      element("label", { for: named.id }, word("action.named")),
    ),
  ];
}

/** Saves the proof that was verified, under the document's name. */
function save({ proof, verified }, { name }) {
  const url = URL.createObjectURL(new Blob([proof], { type: "application/cose" }));
  const file = `${name ?? verified.fingerprint.replace(":", "-")}.proof`;
  element("a", { href: url, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A link to the verdict, the fingerprints, the steps, and whatever else there is. */
function details(item, page, others) {
  const { result } = item;
  const [first] = result.certifications;
  const steps = first?.verified.steps ?? result.steps ?? [];
  const all = [];
  if (item.fingerprints) all.push(fold(word("details.fingerprints"), fingerprints(item, page)));
  if (steps.length > 0 || result.step) {
    const content = [element("p", {}, word("steps.says")), stepsOf(steps, result.step)];
    all.push(fold(word("details.steps"), content));
  }
  if (others.length > 0) {
    const one = ({ verified }) =>
      element(
        "li",
        {},
        element("p", {}, standing(verified, told(result, page))),
        known(verified, result, page),
      );
    all.push(
      fold(
        counted("details.others", others.length),
        element("ul", { class: "others" }, others.map(one)),
      ),
    );
  }
  if (result.code) {
    const why = element("p", { class: "long", lang: "en" }, code(`${result.code}: ${result.why}`));
    all.push(fold(word("details.technical"), why));
  }
  return all.length > 0 ? element("div", { class: "details" }, all) : null;
}

function fold(title, content) {
  return element("details", {}, element("summary", {}, title), content);
}

function fingerprints({ fingerprints, result }, page) {
  const shown = result.certifications[0]?.verified.fingerprint ?? fingerprints[0];
  const address = element("a", { href: `#${shown}`, class: "long" }, link(shown));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(address.textContent);
      page.say(word("link.copied"));
    } catch {
      // No clipboard here: selected, so that it can be copied by hand.
      getSelection().selectAllChildren(address);
      page.say(word("link.selected"));
    }
  };
  return [
    element(
      "ul",
      { class: "fingerprints" },
      fingerprints.map((one) => element("li", { class: "long" }, code(one))),
    ),
    element("p", {}, word("link.says")),
    element("p", {}, address),
    element("p", {}, button(word("link.copy"), copy, { class: "button quiet" })),
  ];
}
