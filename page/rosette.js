// The rosette of an answer: drawn from the document's fingerprint, so that two documents
// never have the same one, with what became of the document in its middle. It decorates; it
// proves nothing.
import { drawing } from "./element.js";

const CENTRE = 100;
const POINTS = 360;

/** Lines in the middle, for each kind of answer: never by colour alone. */
const MARKS = {
  certified: ["M78 102 L94 118 L124 84"],
  superseded: ["M76 100 H124", "M108 84 L124 100 L108 116"],
  revoked: ["M76 100 H124"],
  distrusted: ["M82 82 L118 118", "M118 82 L82 118"],
  // An hourglass; a sheet of paper.
  stood: ["M80 76 H120 L80 124 H120 Z"],
  linked: ["M82 72 H106 L120 86 V128 H82 Z", "M106 72 V86 H120"],
  unknown: [],
  stop: ["M100 74 V108", "M100 122 V126"],
  caution: ["M100 78 V102 L114 112"],
};

const OF = {
  lie: "stop",
  stranger: "stop",
  refused: "distrusted",
  altered: "distrusted",
  stale: "caution",
  aged: "caution",
  ahead: "caution",
  unreachable: "caution",
  unverified: "unknown",
};

/** Outcomes of a document that was certified. */
const SEALED = ["certified", "stood", "linked", "superseded", "revoked", "distrusted"];

/** The kind of mark for an outcome. */
export function mark(outcome) {
  return MARKS[outcome] ? outcome : (OF[outcome] ?? "caution");
}

/** The bytes from which a rosette is drawn: those of the fingerprint. */
function bytesOf(fingerprint) {
  const hex = fingerprint?.split(":")[1] ?? "";
  return Array.from(
    { length: 8 },
    (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16) || 0,
  );
}

/** One closed wave around the centre, as a guilloche has many. */
function wave(radius, height, waves, phase) {
  const point = (at) => {
    const angle = (2 * Math.PI * at) / POINTS;
    const r = radius + height * Math.sin(waves * angle + phase);
    return `${(CENTRE + r * Math.cos(angle)).toFixed(1)} ${(CENTRE + r * Math.sin(angle)).toFixed(1)}`;
  };
  return `M${Array.from({ length: POINTS }, (_, at) => point(at)).join("L")}Z`;
}

function band(radius, height, waves, lines) {
  const phase = (line) => (2 * Math.PI * line) / lines;
  const all = Array.from({ length: lines }, (_, line) => wave(radius, height, waves, phase(line)));
  return drawing("path", { class: "guilloche", d: all.join("") });
}

function bands(fingerprint) {
  const [a, b, c, d, e, f] = bytesOf(fingerprint);
  return [
    band(80, 4 + (a % 5), 12 + (b % 13), 5 + (c % 3)),
    band(62, 6 + (d % 5), 7 + (e % 9), 4 + (f % 4)),
  ];
}

/** The rosette. Without a fingerprint, or where nothing is certified, it is an empty ring. */
export function rosette(fingerprint, outcome) {
  const kind = mark(outcome);
  const isSealed = SEALED.includes(outcome);
  const ring = (r, name) => drawing("circle", { class: name, cx: CENTRE, cy: CENTRE, r });
  return drawing(
    "svg",
    { class: "seal", viewBox: "0 0 200 200", "aria-hidden": "true", focusable: "false" },
    ring(96, isSealed ? "rim" : "rim open"),
    ...(isSealed && fingerprint ? bands(fingerprint) : []),
    ring(44, "field"),
    ...MARKS[kind].map((d) => drawing("path", { class: "mark", d })),
  );
}
