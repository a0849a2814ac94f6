// Which ledger is trusted. Its identity is asked for once and shown; whoever compares it with
// what its operator publishes, or was given one, pins it in this browser. From then on any other
// is a stranger.
import { identityOfGenesis, parseIdentity } from "../js/index.js";
import { button, code, element } from "./element.js";
import { BASE, genesis } from "./ledger.js";
import { moment } from "./moment.js";
import { word } from "./words.js";

/** One browser may know several ledgers of one host, by their paths. */
const KEPT = `probant.identity ${BASE.pathname}`;

/** The identity in this browser, and what the ledger says of itself. */
export class Trust {
  pinned = null;
  offered = null;
  /** Why the ledger did not say who it is. */
  failure = null;
  asking = true;

  constructor() {
    try {
      this.pinned = readPin(localStorage.getItem(KEPT));
    } catch {
      // A browser that keeps nothing: pinned for as long as the page is open.
    }
  }

  /** Asks the ledger who it is. What does not hold is no identity. */
  async ask() {
    try {
      this.offered = (await identityOfGenesis(await genesis())).identity;
    } catch (error) {
      this.failure = error;
    }
    this.asking = false;
  }

  /** What proofs are verified against, if there is anything. */
  get identity() {
    return this.pinned?.identity ?? this.offered;
  }

  /** Whether this ledger is another one than that which was pinned. */
  get isStranger() {
    return this.pinned !== null && this.offered !== null && this.pinned.identity !== this.offered;
  }

  pin(identity, sinceMs) {
    this.pinned = { identity, sinceMs };
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.pinned));
    } catch {
      // As above.
    }
  }

  forget() {
    this.pinned = null;
    try {
      localStorage.removeItem(KEPT);
    } catch {
      // As above.
    }
  }
}

function readPin(text) {
  if (text === null) return null;
  const { identity, sinceMs } = JSON.parse(text);
  parseIdentity(identity);
  return { identity, sinceMs: Number(sinceMs) };
}

/** The stop where another ledger answers in the place of the one that was pinned. */
export function strangerStop(offered) {
  return element(
    "div",
    { class: "stop", role: "alert" },
    element("h2", {}, word("stop.stranger")),
    element("p", {}, word("stop.stranger.says")),
    element("p", { class: "long" }, code(offered)),
  );
}

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
    element("summary", {}, word("identity.since"), " ", moment(trust.pinned.sinceMs)),
    element("p", {}, word("identity.forget.says")),
    element("p", {}, button(word("identity.forget"), forget, { class: "button quiet" })),
  );
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
