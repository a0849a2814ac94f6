// Who may certify: issuers, their keys, and what became of them.
import { code, element, pairs } from "../element.js";
import { issuerOf, issuers } from "../ledger.js";
import { when } from "../moment.js";
import { name } from "../name.js";
import { counted, hasWord, number, word } from "../words.js";

export async function showIssuers() {
  const all = await issuers();
  const shown = element(
    "section",
    { "aria-labelledby": "issuers-title" },
    element("h1", { id: "issuers-title", tabindex: "-1" }, word("explorer.issuers")),
    element("p", {}, word("issuers.says")),
    all.length === 0 ? element("p", {}, word("issuers.none")) : null,
    element("ul", { class: "issuers" }, all.map(line)),
  );
  shown.of = JSON.stringify(all);
  return shown;
}

function line(issuer) {
  return element(
    "li",
    {},
    element(
      "a",
      { class: "height", href: `#issuer/${encodeURIComponent(issuer.id)}` },
      name(issuer.legal_name),
    ),
    element(
      "span",
      {},
      issuer.id,
      ", ",
      counted("issuer.keys", issuer.keys.length),
      standing(issuer),
    ),
  );
}

/** What became of it, if anything did. */
function standing({ void: isVoid, status }) {
  if (isVoid) return element("strong", { class: "fallen" }, ` ${word("issuer.void")}`);
  if (status?.state === "suspended") {
    return element(
      "strong",
      { class: "fallen" },
      ` ${word("issuer.suspended", { since: when(status.since_ms) })}`,
    );
  }
  return null;
}

export async function showIssuer(id) {
  const issuer = await issuerOf(id);
  const entry = (index) =>
    element("a", { href: `#entry/${index}` }, word("entry.name", { index: number(index) }));
  const shown = element(
    "section",
    { "aria-labelledby": "issuer-title" },
    element("h1", { id: "issuer-title", tabindex: "-1" }, name(issuer.legal_name)),
    element("p", {}, word("issuer.says")),
    pairs([
      [word("field.id"), issuer.id],
      [word("field.country"), issuer.country],
      [word("field.registration"), name(issuer.registration)],
      [word("issuer.enrolled"), entry(issuer.enrolled)],
      [word("issuer.state"), standing(issuer) ?? word("issuer.inforce")],
    ]),
    element("h2", {}, counted("issuer.keys", issuer.keys.length)),
    element(
      "ul",
      { class: "keys" },
      issuer.keys.map((key) => keyLine(key, entry)),
    ),
  );
  shown.of = JSON.stringify(issuer);
  return shown;
}

function keyLine({ kid, since, status }, entry) {
  const state = status?.state ?? "current";
  const known = hasWord(`key.${state}`);
  return element(
    "li",
    { class: ["current"].includes(state) ? "" : "fallen" },
    element("p", { class: "long" }, code(kid)),
    element(
      "p",
      {},
      known ? word(`key.${state}`, { since: status ? when(status.since_ms) : "" }) : state,
      " ",
      word("key.by"),
      " ",
      entry(since),
      status ? ["; ", word("key.said"), " ", entry(status.entry)] : null,
    ),
  );
}
