// The answer about one document, in one glance: what, who, when, how fresh; then what it rests
// on, and the verification step by step.
import { link, print } from "./attestation.js";
import { button, code, element, pairs } from "./element.js";
import { ago, moment } from "./moment.js";
import { mark, seal } from "./seal.js";
import { notes, standing } from "./standing.js";
import { stepsOf } from "./steps.js";
import { counted, number, word } from "./words.js";

/** What may be otherwise when it is asked again. */
const AGAIN = ["unreachable", "stale", "ahead"];
const MARKED = ["certified", "superseded", "revoked", "distrusted"];

/** The answer as an article; its heading takes the focus. */
export function verdict(item, page) {
  const { result } = item;
  const { outcome } = result;
  const [first, ...others] = result.certifications;
  return element(
    "article",
    {
      id: `item-${item.id}`,
      class: `answer ${mark(outcome)}`,
      "data-outcome": outcome,
      "aria-labelledby": `verdict-${item.id}`,
    },
    element(
      "div",
      { class: "glance" },
      seal(first?.verified.fingerprint ?? item.fingerprints?.[0], outcome),
      element(
        "div",
        {},
        element("p", { class: "document" }, item.name ?? word("answer.linked")),
        element("h2", { id: `verdict-${item.id}`, tabindex: "-1" }, word(`outcome.${outcome}`)),
        element("p", { class: "says" }, sentence(item, page)),
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
  const says = result.outcome === "certified" ? "says.certified" : "says.fallen";
  return [
    first ? known(first.verified, result, page.now()) : null,
    warnings(item, page),
    first ? element("p", { class: "rests" }, word(says)) : null,
    actions(item, page),
    details(item, page, others),
  ];
}

const told = ({ offline }, page) => ({ offline, nowMs: page.now() });

/** The outcome in a sentence. */
export function sentence({ result }, page) {
  const { outcome, certifications, head } = result;
  if (MARKED.includes(outcome)) return standing(certifications[0].verified, told(result, page));
  const height = head ? number(head.height) : "";
  const age = head ? ago(head.timeMs, page.now()) : "";
  const said = result.said ? word(`outcome.${result.said}`) : "";
  return word(`outcome.${outcome}.says`, { height, age, said });
}

/** Who, when, where, how fresh. */
function known(verified, { identity, offline }, nowMs) {
  const { issuer, sealed, head, listCount, fall } = verified;
  const who = [
    element("strong", {}, issuer.legalName),
    ` (${issuer.country} ${issuer.registration}), `,
    element("span", { class: "id" }, issuer.id),
  ];
  const others = listCount > 1 ? `, ${counted("answer.others", listCount)}` : "";
  const where = word("answer.where.is", {
    block: number(sealed.height),
    entry: number(verified.entry),
  });
  const place = element("a", { href: `explorer.html#entry/${verified.entry}` }, where);
  return pairs(
    [
      [word("answer.by"), who],
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
        [
          word("answer.asof", { block: number(head.height) }),
          ", ",
          element("strong", {}, ago(head.timeMs, nowMs)),
        ],
      ],
      [word("answer.checked"), word(offline ? "answer.offline" : "answer.online")],
      [word("answer.against"), element("span", { class: "long" }, code(identity))],
    ],
    { class: "known" },
  );
}

/** What the reader must know beside it. */
function warnings({ result, digits }, page) {
  const { outcome, certifications, offline, notShown, mayHaveMore } = result;
  const said = certifications.length > 0 ? notes(certifications[0].verified) : [];
  if (offline && certifications.length > 0) said.push(word("note.offline"));
  if (notShown > 0) said.push(counted(mayHaveMore ? "note.atleast" : "note.notshown", notShown));
  if (certifications.length > 0 && !page.trust.pinned) said.push(word("note.first"));
  if (outcome === "unknown") said.push(word("note.unknown"));
  if (digits) said.push(word("note.prefix", { digits }));
  return said.length > 0
    ? element(
        "ul",
        { class: "notes" },
        said.map((note) => element("li", {}, note)),
      )
    : null;
}

/** What can be done with it. */
function actions(item, page) {
  const { result } = item;
  const [first] = result.certifications;
  const all = [];
  if (first) {
    all.push(button(word("action.proof"), () => save(first, item), { class: "button" }));
    const named = element("input", { type: "checkbox", id: `named-${item.id}` });
    const paper = () => {
      print(page.paper, result, named.checked ? item.name : null, page.now());
    };
    all.push(button(word("action.print"), paper, { class: "button quiet" }));
    if (item.name) {
      all.push(
        element(
          "span",
          { class: "named" },
          named,
          element("label", { for: named.id }, word("action.named")),
        ),
      );
    }
  }
  if (item.fingerprints && (result.offline || AGAIN.includes(result.outcome))) {
    const text = word(result.offline ? "action.ask" : "action.again");
    all.unshift(button(text, () => page.ask(item), { class: "button" }));
  }
  return all.length > 0 ? element("div", { class: "actions" }, all) : null;
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
        known(verified, result, page.now()),
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
