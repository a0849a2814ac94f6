// The page that verifies: documents come in, and each is shown with its outcome, which is asked
// for again when another ledger is to be trusted, and which ages.
import { parseFingerprint } from "../js/index.js";
import { element } from "./element.js";
import { Trust, showIdentity, stopsOf } from "./trust.js";
import { keepChoice, listen } from "./intake.js";
import { outcomeAt } from "./judge.js";
import { refreshAges } from "./moment.js";
import { name } from "./name.js";
import { outcomeOf } from "./outcome.js";
import { rosette } from "./rosette.js";
import { answer, summary } from "./answer.js";
import { counted, speak, word } from "./words.js";

/** How often it is looked whether an answer has aged. */
const LOOK_MS = 20_000;

const at = (id) => document.getElementById(id);
const trust = new Trust(({ isOther }) => (isOther ? trusted() : showTrust()));
/** What was brought, the newest first. */
let items = [];
let last = 0;
/** What was brought together: it asks the ledger once who it is, and ends with the next. */
let round = { ended: new AbortController(), who: null };

const page = {
  trust,
  paper: at("attestation"),
  now: () => Date.now(),
  several: () => items.length > 1,
  say: (text) => {
    at("status").textContent = text;
  },
  choose: () => at("files").click(),
  /** Asks the ledger; by the whole fingerprint if `isNamed`. */
  ask: ({ id }, { isNamed = false } = {}) => {
    const item = items.find((one) => one.id === id);
    item.isAsked = true;
    item.isNamed = isNamed;
    round.who = null;
    return settle(item);
  },
};

/** What comes takes the place of what was there, and nobody waits for that any more. */
function begin(brought) {
  round.ended.abort();
  round = { ended: new AbortController(), who: null };
  items = brought.map((one) => ({ id: ++last, turn: 0, result: null, ...one }));
  show();
}

/** New documents: read one after the other. */
async function take(pairs) {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  begin(
    pairs.map(({ document, proof }) => ({
      name: (document ?? proof).name,
      document,
      proof,
      size: document?.size ?? 0,
      done: 0,
    })),
  );
  const mine = items;
  for (const item of mine) {
    if (mine !== items) return;
    await settle(item);
  }
  if (mine === items) arrived();
}

/** A link to a fingerprint: the document itself is elsewhere. */
async function follow() {
  const text = location.hash.slice(1);
  const isShown = items[0]?.name === null;
  if (!text) return isShown ? begin([]) : null;
  const fingerprint = readFingerprint(text);
  if (!fingerprint) {
    // Another anchor of the page; or a damaged link, under which nothing else may be shown.
    const isMeant = isShown || /^(blake|sha)/i.test(text);
    if (at(text) || !isMeant) return;
  }
  begin([{ name: null, fingerprints: fingerprint ? [fingerprint] : null }]);
  const [item] = items;
  if (fingerprint) await settle(item);
  else conclude(item, { outcome: "damaged", certifications: [] });
  if (items[0] === item) arrived();
}

function readFingerprint(text) {
  try {
    parseFingerprint(text);
    return text;
  } catch {
    return null;
  }
}

/** The answer is there: it is said, and the keyboard is led to it. */
function arrived() {
  if (!announce()) return;
  at("answers").querySelector("h2")?.focus({ preventScroll: true });
  at("answers").scrollIntoView({ block: "start" });
}

/** Whether all answers are there, and said. */
function announce() {
  if (items.length === 0 || items.some(({ result }) => !result)) return false;
  const [item] = items;
  page.say(items.length === 1 ? summary(seen(item), page) : counted("answers.there", items.length));
  return true;
}

/** Gives an item its outcome, whatever happens; what was begun later for the same item counts. */
async function settle(item) {
  const turn = ++item.turn;
  item.result = null;
  showAgain(item);
  const { ended } = round;
  const result = await outcomeOf(item, {
    trust,
    who: () => (round.who ??= trust.ask()),
    byPrefix: at("prefix").checked,
    signal: ended.signal,
    progress: (done) => showProgress(item, done),
    read: () => turn === item.turn && showAgain(item),
  });
  if (turn === item.turn) conclude(item, result);
}

function conclude(item, result) {
  item.result = { ...result, atMs: page.now() };
  showAgain(item);
}

/** An item as it is by now: answers age, and a link is no document. */
function seen(item) {
  const { result } = item;
  if (!result) return item;
  const outcome = outcomeAt(result, page.now());
  const isLinked = outcome === "certified" && item.name === null;
  const certifications = outcome === "aged" ? [] : result.certifications;
  return {
    ...item,
    result: { ...result, outcome: isLinked ? "linked" : outcome, certifications },
  };
}

/** What was shown and is no more what it was is shown anew, and said. */
function age() {
  refreshAges(page.now());
  for (const item of items.filter(({ result }) => result)) {
    const { outcome } = seen(item).result;
    if (at(`item-${item.id}`).dataset.outcome === outcome) continue;
    showAgain(item);
    announce();
  }
}

const shown = (item) => (item.result ? answer(seen(item), page) : waiting(item));

function show() {
  at("answers").replaceChildren(...items.map(shown));
  at("answers").classList.toggle("several", items.length > 1);
}

/** One of them alone: what was opened in the others stays open. */
function showAgain(item) {
  at(`item-${item.id}`)?.replaceWith(shown(item));
}

function waiting(item) {
  const isOffline = item.proof && !item.isAsked;
  const text = word(
    !item.fingerprints ? "wait.hashing" : isOffline ? "wait.verifying" : "wait.asking",
  );
  const bar =
    item.document && !item.fingerprints
      ? element("progress", {
          max: item.size || 1,
          value: item.done,
          "aria-label": word("wait.hashing"),
        })
      : null;
  return element(
    "article",
    { class: "answer waiting", id: `item-${item.id}` },
    element(
      "div",
      { class: "glance" },
      rosette(null, "unknown"),
      element(
        "div",
        {},
        element(
          "p",
          { class: "document" },
          item.name === null ? word("answer.linked") : name(item.name),
        ),
        element("p", { class: "says" }, text),
        bar,
      ),
    ),
  );
}

function showProgress(item, done) {
  item.done = done;
  const bar = document.querySelector(`#item-${item.id} progress`);
  if (bar) bar.value = done;
}

function showTrust() {
  showIdentity(at("identity"), trust, trusted);
  at("stop").replaceChildren(...stopsOf(trust));
}

/** The same documents, against another identity. */
async function trusted() {
  showTrust();
  const mine = items;
  // Those that are not read yet will be verified against it anyway.
  await Promise.all(mine.filter((item) => item.fingerprints).map(settle));
  if (mine === items) announce();
}

function showMeaning() {
  const outcomes = ["certified", "stood", "superseded", "revoked", "distrusted", "unknown"];
  at("meaning").replaceChildren(
    ...outcomes.map((outcome) =>
      element(
        "div",
        { class: outcome },
        element("dt", {}, word(`outcome.${outcome}`)),
        element("dd", {}, word(`meaning.${outcome}`)),
      ),
    ),
  );
}

function showAll() {
  document.title = word("title.verify");
  showMeaning();
  show();
  showTrust();
}

// First of all: whatever fails below, no document that is dropped is opened in place of the page.
listen(at("drop"), at("files"), take);
keepChoice(at("prefix"), "probant.prefix");
addEventListener("hashchange", follow);
setInterval(age, LOOK_MS);
addEventListener("pageshow", age);
document.addEventListener("visibilitychange", age);
speak(showAll);
showAll();
trust.ask();
follow();
