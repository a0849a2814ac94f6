// One page on paper: what was verified, when, against which identity, and how to do it again. It
// is no proof itself, and says so: anyone can print anything.
import { domainSaid } from "./domain.js";
import { code, element, lines, pairs } from "./element.js";
import { BASE } from "./ledger.js";
import { ago, when } from "./moment.js";
import { named } from "./name.js";
import { rosette } from "./rosette.js";
import { cautions, how, meaning, notes, standing } from "./standing.js";
import { word } from "./words.js";

/** What is typed again from paper: without gaps. */
const plain = (text) => element("code", { translate: "no" }, text);

/** The address that opens on the verdict of a fingerprint. */
export function link(fingerprint) {
  return new URL(`#${fingerprint}`, BASE).href;
}

/** Puts an item on paper, as it is shown and as of when it was verified. */
export function print({ name, result }, { paper, trust }, { isNamed }) {
  const { outcome, certifications, identity, offline, atMs: nowMs } = result;
  const { verified } = certifications[0];
  const { issuer, sealed, head, fingerprint } = verified;
  const utc = (timeMs) => when(timeMs, "UTC");
  const register = `${issuer.country} ${named(issuer.registration)}`;
  const by = `${named(issuer.legalName)} (${register}), ${issuer.id}`;
  const asOf = word("answer.asof", { block: head.height });
  paper.replaceChildren(
    element(
      "header",
      {},
      rosette(fingerprint, outcome),
      element(
        "div",
        {},
        element("p", { class: "kicker" }, word("attestation.title")),
        element("h1", {}, word(`outcome.${outcome}`)),
        element("p", {}, standing(verified, { outcome, offline, nowMs })),
        lines(cautions({ name, result }), "cautions"),
      ),
    ),
    pairs([
      [word("attestation.document"), isNamed ? named(name) : null],
      [word("answer.fingerprint"), code(fingerprint)],
      [word("answer.by"), by],
      [word("answer.domain"), domainSaid(verified)],
      [word("answer.when"), utc(sealed.timeMs)],
      [
        word("answer.where"),
        word("answer.where.is", { block: sealed.height, entry: verified.entry }),
      ],
      [word("answer.fresh"), `${asOf}, ${utc(head.timeMs)} (${ago(head.timeMs, nowMs)})`],
      [word("attestation.verified"), utc(nowMs)],
      [word("attestation.how"), how(result, trust)],
      [word("attestation.identity"), code(identity)],
    ]),
    lines(notes({ result }, trust), "notes"),
    element("h2", {}, word("attestation.again")),
    element("p", {}, word("attestation.again.page")),
    element("p", {}, plain(link(fingerprint))),
    element("p", {}, word("attestation.again.command")),
    element("p", {}, plain(`probant verify DOCUMENT --ledger ${BASE.href} --identity ${identity}`)),
    element("p", { class: "small" }, word("attestation.noproof"), " ", word(meaning(outcome))),
  );
  document.body.classList.add("attesting");
  addEventListener("afterprint", () => document.body.classList.remove("attesting"), { once: true });
  window.print();
}
