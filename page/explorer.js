// The explorer: the chain of blocks, one block, one entry in words, the issuers. Which of them
// is shown is in the address after the #. What may change is asked again every few seconds while
// it is seen.
import { showBlock } from "./explorer/block.js";
import { showChain } from "./explorer/chain.js";
import { showEntry } from "./explorer/entry.js";
import { showIssuer, showIssuers } from "./explorer/issuers.js";
import { button, element } from "./element.js";
import { Trust, stopsOf } from "./trust.js";
import { Refusal } from "./ledger.js";
import { Improper } from "./shape.js";
import { speak, spoken, word } from "./words.js";

const EVERY_MS = 4000;
const at = (id) => document.getElementById(id);

/** Views by the first word of the address; `live` ones are asked for again. */
const VIEWS = {
  chain: { show: showChain, live: true },
  block: { show: showBlock, live: false },
  entry: { show: showEntry, live: false },
  issuers: { show: showIssuers, live: true },
  issuer: { show: showIssuer, live: true },
};

const trust = new Trust(() => at("stop").replaceChildren(...stopsOf(trust)));
let paused = false;
/** What was shown last: an answer that comes late is not shown over it. */
let turn = 0;

/**
 * The view of the address, and what follows: `#block/12`. Numbers are numbers, or nothing is
 * there.
 */
function route() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const known = Object.hasOwn(VIEWS, name) ? name : "chain";
  return { name: known, rest };
}

/** Shows the view of the address. `again`: it is there already, and may have changed. */
async function show({ again = false } = {}) {
  const mine = ++turn;
  const { name, rest } = route();
  const { show, live } = VIEWS[name];
  // Only who has pinned a ledger can be shown another.
  if (trust.pinned) trust.ask();
  let content;
  try {
    content = await show(...rest.map(decodeURIComponent));
    at("trouble").replaceChildren();
  } catch (error) {
    if (mine !== turn) return;
    at("trouble").replaceChildren(trouble(error));
    if (!again) at("view").replaceChildren();
    return;
  }
  if (mine !== turn) return;
  document.title = word("title.explorer");
  put(live ? pulse() : null, content, again);
  for (const link of document.querySelectorAll(".views a")) {
    const isHere = link.hash === `#${name}` || (link.hash === "#issuers" && name === "issuer");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** What has not changed stays; of what has, the reader keeps what was opened, and the place. */
function put(pulse, content, again) {
  const [shown, old] = at("view").children;
  content.of += spoken();
  const focused = again ? place(document.activeElement) : null;
  const opened = again ? [...at("view").querySelectorAll("[open] > summary")].map(place) : [];
  if (again && pulse && old) {
    // Each alone: a button that goes while it is pressed is not pressed.
    if (shown.of !== pulse.of) shown.replaceWith(pulse);
    if (old.of !== content.of) old.replaceWith(content);
  } else {
    at("view").replaceChildren(...(pulse ? [pulse] : []), content);
  }
  for (const summary of opened.filter(Boolean)) {
    at("view").querySelector(summary)?.parentElement.setAttribute("open", "");
  }
  if (focused) at("view").querySelector(focused)?.focus({ preventScroll: true });
}

/** How an element is found again. */
function place(shown) {
  if (shown?.id) return `#${shown.id}`;
  const href = shown?.getAttribute?.("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

/** Whether it is live, and a way to stop that. */
function pulse() {
  const toggle = () => {
    paused = !paused;
    show({ again: true });
  };
  const shown = element(
    "p",
    { class: `pulse ${paused ? "paused" : ""}` },
    button(word(paused ? "live.resume" : "live.pause"), toggle, {
      id: "pulse",
      class: "button quiet",
    }),
    element("span", {}, word(paused ? "live.paused" : "live.now")),
  );
  shown.of = spoken() + paused;
  return shown;
}

function trouble(error) {
  const isNowhere = error instanceof URIError || (error instanceof Refusal && error.status === 404);
  if (isNowhere) return element("p", { class: "stop" }, word("explorer.nothing"));
  const key = error instanceof Improper ? "explorer.improper" : "explorer.unreachable";
  return element(
    "p",
    { class: "stop" },
    word(key),
    " ",
    element("code", { lang: "en" }, error.message),
  );
}

async function walk() {
  await show();
  // The reader went there: the keyboard and the screen reader follow.
  at("view").querySelector("h1")?.focus();
}

speak(() => {
  at("stop").replaceChildren(...stopsOf(trust));
  show({ again: true });
});
addEventListener("hashchange", walk);
setInterval(() => {
  if (!paused && !document.hidden && VIEWS[route().name].live) show({ again: true });
}, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) show({ again: true });
});
show();
