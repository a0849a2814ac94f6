// One page on paper: what was verified, when, against which identity, and how to do it again. It
// is no proof itself, and says so: anyone can print anything.
import { code, element, pairs } from "./element.js";
import { BASE } from "./ledger.js";
import { ago, when } from "./moment.js";
import { seal } from "./seal.js";
import { standing } from "./standing.js";
import { word } from "./words.js";

/** What is typed again from paper: without gaps. */
const plain = (text) => element("code", { translate: "no" }, text);

/** The address that opens on the verdict of a fingerprint. */
export function link(fingerprint) {
  return new URL(`#${fingerprint}`, BASE).href;
}

/** Puts it on paper. The document's name stands there only if it is given. */
export function print(place, { outcome, certifications, identity, offline }, name, nowMs) {
  const { verified } = certifications[0];
  const { issuer, sealed, head, fingerprint } = verified;
  const utc = (timeMs) => when(timeMs, "UTC");
  const address = link(fingerprint);
  place.replaceChildren(
    element(
      "header",
      {},
      seal(fingerprint, outcome),
      element(
        "div",
        {},
        element("p", { class: "kicker" }, word("attestation.title")),
        element("h1", {}, word(`outcome.${outcome}`)),
        element("p", {}, standing(verified, { offline, nowMs })),
      ),
    ),
    pairs([
      [word("attestation.document"), name],
      [word("answer.fingerprint"), code(fingerprint)],
      [
        word("answer.by"),
        `${issuer.legalName} (${issuer.country} ${issuer.registration}), ${issuer.id}`,
      ],
      [word("answer.when"), utc(sealed.timeMs)],
      [
        word("answer.where"),
        word("answer.where.is", { block: sealed.height, entry: verified.entry }),
      ],
      [
        word("answer.fresh"),
        `${word("answer.asof", { block: head.height })}, ${utc(head.timeMs)} (${ago(head.timeMs, nowMs)})`,
      ],
      [word("attestation.verified"), utc(nowMs)],
      [word("attestation.how"), word(offline ? "answer.offline" : "answer.online")],
      [word("attestation.identity"), code(identity)],
    ]),
    element("h2", {}, word("attestation.again")),
    element("p", {}, word("attestation.again.page")),
    element("p", {}, plain(address)),
    element("p", {}, word("attestation.again.command")),
    element("p", {}, plain(`probant verify DOCUMENT --ledger ${BASE.href} --identity ${identity}`)),
    element("p", { class: "small" }, word("attestation.noproof")),
    element(
      "p",
      { class: "small" },
      word(outcome === "certified" ? "says.certified" : "says.fallen"),
    ),
  );
  document.body.classList.add("attesting");
  addEventListener("afterprint", () => document.body.classList.remove("attesting"), { once: true });
  window.print();
}
