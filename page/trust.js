// Which ledger is trusted. Its identity is asked for once and shown; whoever compares it with
// what its operator publishes, or was given one, pins it in this browser. From then on any other
// is a stranger.
import { Refused, hasEd25519, identityOfGenesis, parseIdentity } from "../js/index.js";
import { button, code, element } from "./element.js";
import { BASE, genesis } from "./ledger.js";
import { moment } from "./moment.js";
import { word } from "./words.js";

/** One browser may know several ledgers of one host, by their paths. */
const KEPT = `probant.identity ${BASE.pathname}`;

/** The identity in this browser, and what the ledger says of itself. */
export class Trust {
  pinned = null;
  /** What the ledger said that it is: first, since the page is open, and last. */
  first = null;
  offered = null;
  /** Why the ledger did not say who it is. */
  failure = null;
  asking = true;
  /** Whether this browser can verify that. */
  isAble = true;
  #pending = null;
  #changed;

  /** `changed` is called when the ledger has said something new, or another tab has pinned one. */
  constructor(changed = () => {}) {
    this.#changed = changed;
    this.#recall();
    addEventListener("storage", ({ key }) => {
      if (key !== KEPT && key !== null) return;
      this.#recall();
      changed({ isOther: true });
    });
  }

  #recall() {
    try {
      this.pinned = readPin(localStorage.getItem(KEPT));
    } catch {
      // A browser that keeps nothing: pinned for as long as the page is open.
    }
  }

  /** Asks the ledger who it is. What does not hold is no identity. */
  ask() {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #ask() {
    const said = () => [this.offered, this.failure?.message, this.asking].join();
    const before = said();
    this.isAble = await hasEd25519();
    try {
      if (this.isAble) this.offered = (await identityOfGenesis(await genesis())).identity;
      this.first ??= this.offered;
      this.failure = null;
    } catch (error) {
      this.failure = error;
    }
    this.asking = false;
    if (said() !== before) this.#changed({ isOther: false });
  }

  /** What proofs are verified against, if there is anything. */
  get identity() {
    return this.pinned?.identity ?? this.first;
  }

  /** Whether this ledger is another one than that which was pinned, or than it was. */
  get isStranger() {
    return this.offered !== null && this.offered !== this.identity;
  }

  pin(identity, sinceMs) {
    this.pinned = { identity, sinceMs };
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.pinned));
      // Some browsers empty what was not asked to last. What they answer changes nothing.
      navigator.storage?.persist?.().catch(() => {});
    } catch {
      // As above.
    }
  }

  forget() {
    this.pinned = null;
    this.first = this.offered;
    try {
      localStorage.removeItem(KEPT);
    } catch {
      // As above.
    }
  }
}

/** Since when is told, and decides nothing: a pin without it is one. */
function readPin(text) {
  if (text === null) return null;
  const { identity, sinceMs } = JSON.parse(text);
  parseIdentity(identity);
  return { identity, sinceMs: Number.isSafeInteger(sinceMs) && sinceMs >= 0 ? sinceMs : null };
}

/** What stands in the way of all that this ledger says; nothing, mostly. */
export function stopsOf(trust) {
  const stops = [];
  if (!trust.isAble) stops.push(stop(isSecureContext ? "old" : "insecure"));
  if (trust.failure instanceof Refused) stops.push(stop("genesis"));
  if (trust.isStranger) {
    const who = element("p", { class: "long" }, code(trust.offered));
    stops.push(stop(trust.pinned ? "stranger" : "changed", who));
  }
  return stops;
}

const stop = (why, more = null) =>
  element(
    "div",
    { class: "stop", role: "alert" },
    element("h2", {}, word(`stop.${why}`)),
    element("p", {}, word(`stop.${why}.says`)),
    more,
  );

/** Shows it in `place`; `changed` is called when another one is to be trusted. */
export function showIdentity(place, trust, changed) {
  const pin = (identity) => {
    trust.pin(identity, Date.now());
    changed();
    place.querySelector("h2").focus();
  };
  place.replaceChildren(
    element("h2", { id: "identity-title", tabindex: "-1" }, word(`identity.${kind(trust)}`)),
    element("p", {}, word(`identity.${kind(trust)}.says`)),
    ...(trust.identity ? [element("p", { class: "long" }, code(trust.identity))] : []),
    ...(trust.pinned ? [kept(trust, changed, place)] : [offered(trust, pin)]),
    pasted(pin),
  );
}

function kind(trust) {
  if (!trust.isAble) return "unable";
  if (trust.pinned) return "pinned";
  if (trust.offered) return "first";
  return trust.asking ? "asking" : "missing";
}

function offered(trust, pin) {
  if (!trust.offered) return "";
  return element(
    "p",
    {},
    button(word("identity.pin"), () => pin(trust.offered), { class: "button" }),
  );
}

function kept(trust, changed, place) {
  const forget = () => {
    trust.forget();
    changed();
    place.querySelector("h2").focus();
  };
  return element(
    "details",
    {},
    element("summary", {}, ...pinnedOn(trust.pinned)),
    element("p", {}, word("identity.forget.says")),
    element("p", {}, button(word("identity.forget"), forget, { class: "button quiet" })),
  );
}

function pinnedOn({ sinceMs }) {
  if (sinceMs === null) return [word("identity.forget")];
  return [word("identity.since"), " ", moment(sinceMs)];
}

/** A form for one that was given on paper, by mail, on a site. */
function pasted(pin) {
  const wrong = element("p", { id: "identity-wrong", class: "wrong", role: "alert" });
  const input = element("input", {
    id: "identity-input",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    "aria-describedby": "identity-wrong",
    placeholder: "ledger.example+5e0c…",
  });
  const submit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    try {
      parseIdentity(text);
    } catch {
      wrong.textContent = word("identity.wrong");
      input.setAttribute("aria-invalid", "true");
      return input.focus();
    }
    pin(text);
  };
  return element(
    "details",
    { class: "paste" },
    element("summary", {}, word("identity.paste")),
    element(
      "form",
      { submit },
      element("label", { for: "identity-input" }, word("identity.input")),
      input,
      element("button", { type: "submit", class: "button" }, word("identity.pin")),
      wrong,
    ),
  );
}
