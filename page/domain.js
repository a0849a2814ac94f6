// What an issuer's own domain says of the key that signed: whether it lists it. It is asked when the
// reader wants it to be, as it learns by that that somebody checks; what it says is for as long as the
// page is open, and changes no verdict.
import { Refused, readKeySet } from "../js/index.js";
import { button, element, lines } from "./element.js";
import { age, when } from "./moment.js";
import { word } from "./words.js";

/** Longest question, with its whole answer. */
const ASK_MS = 20_000;
/** Most keys of one domain; an issuer has no more on a ledger. */
const KEYS_MAX = 1024;
/** A label by which a URL takes a name for an address: 10.1, 127.0.0.1, a.0x7f. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/;

/** What was answered, or null while that is awaited, by issuer and key. */
const answers = new Map();
const about = ({ issuer, key }) => `${issuer.id} ${key.kid}`;

/** Whether a domain can be asked: an id that is an address is asked nowhere. */
export function isAsked(id) {
  return !NUMBER.test(id.split(".").at(-1));
}

/** A button to ask the domain, and what it said; null where it cannot be asked. */
export function domain(verified, page) {
  if (!isAsked(verified.issuer.id)) return null;
  const press = () => question(verified, page);
  return element(
    "div",
    { class: "domain" },
    button(word("domain.ask", { domain: verified.issuer.id }), press, { class: "button quiet" }),
    element("div", { class: "said", "data-domain": about(verified) }, said(verified, page)),
  );
}

/** What it said, in a sentence for paper; null where it said nothing. */
export function domainSaid(verified) {
  const answer = answers.get(about(verified));
  if (!answer) return null;
  return `${sentence(verified, answer)} (${when(answer.atMs, "UTC")})`;
}

const sentence = ({ issuer }, { what }) => word(`domain.${what}`, { domain: issuer.id });

function said(verified, page) {
  const answer = answers.get(about(verified));
  const { id } = verified.issuer;
  if (answer === undefined) return element("p", { class: "note" }, word("domain.before"));
  if (answer === null) return element("p", {}, word("domain.asking", { domain: id }));
  const text = sentence(verified, answer);
  return [
    answer.what === "not-listed" ? lines([text], "cautions") : element("p", {}, text),
    element("p", { class: "note" }, word("domain.asked"), " ", age(answer.atMs, page.now()), "."),
  ];
}

/** One question at a time for each key: who presses twice has asked once. */
async function question(verified, page) {
  const asked = about(verified);
  if (answers.get(asked) === null) return;
  const take = (answer) => {
    answers.set(asked, answer);
    for (const at of document.querySelectorAll("[data-domain]")) {
      if (at.dataset.domain === asked) at.replaceChildren(...[said(verified, page)].flat());
    }
  };
  take(null);
  page.say(word("domain.asking", { domain: verified.issuer.id }));
  const answer = { what: wordOf(await ask(verified.issuer.id), verified.key.kid), atMs: page.now() };
  take(answer);
  page.say(sentence(verified, answer));
}

/** Asks in a worker of its own, which ends with the answer, or without one in time. */
function ask(name) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("domain-worker.js", import.meta.url));
    const end = (answer) => {
      clearTimeout(late);
      worker.terminate();
      resolve(answer);
    };
    const late = setTimeout(() => end({ silence: "unreachable" }), ASK_MS);
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = (event) => {
      event.preventDefault();
      end({ silence: "unreachable" });
    };
    worker.postMessage(name);
  });
}

/** What an answer says of a key: a domain without a key set neither confirms nor denies it. */
function wordOf({ silence, bytes }, kid) {
  if (silence) return silence;
  try {
    const keys = readKeySet(bytes);
    if (keys.length > KEYS_MAX) return "unusable";
    if (keys.some((key) => key.kid === kid)) return "confirmed";
    return keys.length > 0 ? "not-listed" : "unpublished";
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return "unusable";
  }
}
