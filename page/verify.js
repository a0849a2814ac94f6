// The page that verifies: documents come in, become fingerprints, the ledger is asked, its
// proofs are verified here, and the answer is shown. A proof that comes with its document needs
// no network.
import { Refused, hasEd25519, parseFingerprint } from "../js/index.js";
import { element } from "./element.js";
import { hash } from "./hashing.js";
import { Trust, showIdentity, strangerStop } from "./identity.js";
import { PROOF_BYTES_MAX, keepChoice, listen } from "./intake.js";
import { believe, judge, judgeProof } from "./judge.js";
import { Refusal, Unreachable, statuses } from "./ledger.js";
import { seal } from "./seal.js";
import { Improper } from "./shape.js";
import { sentence, verdict } from "./verdict.js";
import { counted, speak, word } from "./words.js";

const at = (id) => document.getElementById(id);
const trust = new Trust();
const asked = trust.ask();
const canVerify = hasEd25519();
/** What was brought, the newest first. */
let items = [];
let last = 0;
/** Documents are hashed one after the other. */
let queue = Promise.resolve();

const page = {
  trust,
  paper: at("attestation"),
  now: () => Date.now(),
  several: () => items.length > 1,
  say: (text) => {
    at("status").textContent = text;
  },
  ask: (item) => settle(item, () => online(item)),
};

/** New documents take the place of those before. */
function take(pairs) {
  items = pairs.map(({ document, proof }) => ({
    id: ++last,
    name: (document ?? proof).name,
    document,
    proof,
    size: document?.size ?? 0,
    done: 0,
  }));
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  show();
  const mine = items;
  for (const item of mine)
    queue = queue.then(() => (mine === items ? settle(item, () => verify(item)) : null));
  queue = queue.then(() => (mine === items ? arrived() : null));
}

/** A link to a fingerprint: the document itself is elsewhere. */
async function follow() {
  const fingerprint = location.hash.slice(1);
  try {
    parseFingerprint(fingerprint);
  } catch {
    return; // Another anchor of the page.
  }
  const item = { id: ++last, name: null, fingerprints: [fingerprint] };
  items = [item];
  show();
  await settle(item, () => online(item));
  if (items[0] === item) arrived();
}

/** The answer is there: it is said, and the keyboard is led to it. */
function arrived() {
  const [item] = items;
  page.say(
    items.length === 1
      ? `${word(`outcome.${item.result.outcome}`)}. ${sentence(item, page)}`
      : counted("answers.there", items.length),
  );
  at("answers").querySelector("h2")?.focus({ preventScroll: true });
  at("answers").scrollIntoView({ block: "start" });
}

/** Gives an item its outcome, whatever happens. */
async function settle(item, work) {
  item.result = null;
  showAgain(item);
  try {
    item.result = await work();
  } catch (error) {
    item.result = failed(error);
  }
  showAgain(item);
}

/** Why there is no answer. An error that nobody expected is said too, and left to the console. */
function failed(error) {
  const outcome = (outcome, more) => ({ outcome, certifications: [], ...more });
  if (error instanceof Improper) return outcome("lie", { code: "malformed", why: error.message });
  if (error instanceof Unreachable || error instanceof Refusal)
    return outcome("unreachable", { code: "unreachable", why: error.message });
  if (error instanceof Refused) return outcome("lie", { code: error.code, why: error.message });
  reportError(error);
  return outcome("failed", { code: "page", why: error.message });
}

async function verify(item) {
  if (!item.document) return { outcome: "alone", certifications: [] };
  try {
    const progress = (done) => {
      item.done = done;
      showProgress(item);
    };
    const both = await hash(item.document, progress);
    item.fingerprints = [both.blake3, both.sha256];
  } catch (error) {
    return { outcome: "unreadable", certifications: [] };
  }
  return item.proof ? offline(item) : online(item);
}

/** With the proof alone. The identity must be known: nobody is asked for it. */
async function offline(item) {
  if (!(await canVerify)) return { outcome: "unable", certifications: [] };
  const { identity } = trust;
  if (!identity) return { outcome: "nameless", certifications: [] };
  if (item.proof.size > PROOF_BYTES_MAX) {
    return { outcome: "refused", code: "too-large", why: "", certifications: [] };
  }
  const proof = new Uint8Array(await item.proof.arrayBuffer());
  return judgeProof(proof, item.fingerprints, identity, page.now());
}

async function online(item) {
  await asked;
  // What a stranger is not asked, it does not learn.
  if (trust.isStranger) return { outcome: "stranger", certifications: [] };
  const said = await statuses(item.fingerprints, { byPrefix: at("prefix").checked });
  item.digits = said[0].digits ? Math.max(...said.map((one) => one.digits)) : null;
  if (!(await canVerify)) return believe(said);
  if (!trust.identity) await trust.ask().then(showTrust);
  if (!trust.identity) throw trust.failure;
  return judge(said, trust.identity, page.now());
}

const shown = (item) => (item.result ? verdict(item, page) : waiting(item));

function show() {
  at("answers").replaceChildren(...items.map(shown));
  at("answers").classList.toggle("several", items.length > 1);
}

/** One of them alone: what was opened in the others stays open. */
function showAgain(item) {
  at(`item-${item.id}`)?.replaceWith(shown(item));
}

function waiting(item) {
  const text = item.fingerprints ? word("wait.asking") : word("wait.hashing");
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
      seal(null, "unknown"),
      element(
        "div",
        {},
        element("p", { class: "document" }, item.name ?? word("answer.linked")),
        element("p", { class: "says" }, text),
        bar,
      ),
    ),
  );
}

function showProgress(item) {
  const bar = document.querySelector(`#item-${item.id} progress`);
  if (bar) bar.value = item.done;
}

/** Whatever stands in the way of all answers is said before them. */
async function showStop() {
  const stops = [];
  const isAble = await canVerify;
  if (!isAble) stops.push(isSecureContext ? "old" : "insecure");
  else if (trust.failure instanceof Refused) stops.push("genesis");
  at("stop").replaceChildren(
    trust.isStranger ? strangerStop(trust.offered) : "",
    ...stops.map((why) =>
      element(
        "div",
        { class: "stop", role: "alert" },
        element("h2", {}, word(`stop.${why}`)),
        element("p", {}, word(`stop.${why}.says`)),
      ),
    ),
  );
}

function showTrust() {
  showIdentity(at("identity"), trust, trusted);
  return showStop();
}

/** The same documents, against another identity. */
async function trusted() {
  await showTrust();
  for (const item of items) {
    const work = item.proof ? () => offline(item) : () => online(item);
    if (item.fingerprints && item.result) await settle(item, work);
  }
}

function showMeaning() {
  const outcomes = ["certified", "superseded", "revoked", "distrusted", "unknown"];
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
  return showTrust();
}

speak(showAll);
showAll();
listen(at("drop"), at("files"), take);
keepChoice(at("prefix"), "probant.prefix");
addEventListener("hashchange", follow);
asked.then(showTrust);
follow();
