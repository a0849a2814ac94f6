// The ledger, asked over HTTP. Every answer is a stranger's: it is bounded while it is read, and
// read through a shape. Nothing here decides what is true: judge.js does, by proofs.
import {
  Improper,
  fingerprint,
  flag,
  integer,
  list,
  nullable,
  oneOf,
  record,
  text,
} from "./shape.js";

/** Where the ledger is: the folder above this one, so that it may live under any path. */
export const BASE = new URL("../", import.meta.url);

const VERDICTS = ["certified", "superseded", "revoked", "distrusted", "unknown"];
const WAIT_MS = 30_000;
/** A ledger that is busy says when to come back: so often at most, and after so long. */
const ASKED_MAX = 3;
const PAUSE_S_MAX = 10;
/** 16 proofs of 1 MiB in base64, and what is said beside them. */
const ANSWER_BYTES_MAX = 24 << 20;
/** What 64 documents may bear with all their proofs is never that much. */
const PREFIX_BYTES_MAX = 64 << 20;
const BLOCK_BYTES_MAX = 1 << 20;
const PROOF_TEXT_MAX = 1_500_000;
/** Most proofs of one document, in an answer about it and in one to a prefix. */
const PROOFS_MAX = 16;
const PREFIX_PROOFS_MAX = 4;
const PREFIX_DIGITS_MIN = 4;
/** More would name one document of 2^32: a ledger that wants more wants to know which one it is. */
const PREFIX_DIGITS_MAX = 8;

/**
 * The ledger gave no answer: it is out of reach or busy, or something else answers in its place.
 */
export class Unreachable extends Error {
  name = "Unreachable";
}

/** It wants more digits than are given away without being asked to. */
export class Curious extends Error {
  name = "Curious";
}

/** It answered as of an older block than the one that it had shown. */
export class Behind extends Error {
  name = "Behind";
  constructor(head, newest) {
    super(`block ${head.height}, after block ${newest.height}`);
    this.head = head;
    this.newest = newest;
  }
}

/** It refused, and said why. */
export class Refusal extends Error {
  name = "Refusal";
  constructor(status, type, detail) {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

const state = record({ state: text(20), since_ms: integer, entry: integer });
const head = record({ height: integer, size: integer, time_ms: integer });
const certification = record({
  fingerprint,
  entry: integer,
  issuer: text(255),
  block: integer,
  time_ms: integer,
  verdict: oneOf(...VERDICTS.slice(0, 4)),
  fall: nullable(
    record({
      reason: text(40),
      time_ms: integer,
      entry: integer,
      replacement: nullable(fingerprint),
    }),
  ),
});
const proven = {
  verdict: oneOf(...VERDICTS),
  certifications: list(certification, 100),
  proofs: list(record({ entry: integer, proof: base64 }), PROOFS_MAX),
};
const status = record({ fingerprint, head, ...proven });
const prefixed = record({ head, documents: list(record({ fingerprint, ...proven }), 64) });
const problem = record({ type: text(200), detail: text(2000) });
const key = record({
  kid: text(64),
  use: text(20),
  since: integer,
  status: nullable(state),
});
const issuer = record({
  id: text(255),
  legal_name: text(1000),
  country: text(2),
  registration: text(200),
  enrolled: integer,
  void: flag,
  status: nullable(state),
  keys: list(key, 2000),
});

function base64(value, at) {
  try {
    const bytes = atob(text(PROOF_TEXT_MAX)(value, at));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
  } catch {
    throw new Improper(`${at} is not base64`);
  }
}

async function read(response, max) {
  const parts = [];
  let length = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    length += value.length;
    if (length > max) {
      await reader.cancel();
      throw new Improper(`the answer has more than ${max} bytes`);
    }
    parts.push(value);
  }
}

/** Asks, and asks again where the ledger is busy and says for how long. */
async function ask(path, max, { cache = "no-cache", signal } = {}) {
  for (let asked = 1; ; asked++) {
    const [response, bytes] = await askOnce(path, max, cache, signal);
    const pauseS = Number(response.headers.get("retry-after") ?? NaN);
    const isBusy = [429, 503].includes(response.status) && pauseS <= PAUSE_S_MAX;
    if (!isBusy || asked === ASKED_MAX) return [response, bytes];
    // Not all who were sent away come back at once.
    await new Promise((resolve) => setTimeout(resolve, 1000 * (pauseS + Math.random())));
  }
}

async function askOnce(path, max, cache, signal) {
  const how = {
    cache,
    signal: bounded(signal),
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
  };
  try {
    const response = await fetch(new URL(path, BASE), how);
    return [response, await read(response, max)];
  } catch (error) {
    if (error instanceof Improper) throw error;
    throw new Unreachable(error.message);
  }
}

/** A browser that cannot join the two waits for an answer that nobody wants any more. */
function bounded(signal) {
  const limit = AbortSignal.timeout(WAIT_MS);
  return (signal && AbortSignal.any?.([signal, limit])) ?? limit;
}

function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Improper("the answer is not JSON");
  }
}

function refusal({ status, headers }, bytes) {
  const isProblem = headers.get("content-type")?.startsWith("application/problem+json");
  if (status >= 500 || status === 429 || !isProblem) return new Unreachable(`HTTP ${status}`);
  const { type, detail } = problem(parse(bytes), "problem");
  return new Refusal(status, type, detail);
}

/** An answer in JSON, of this shape. */
export async function json(path, shape, max = ANSWER_BYTES_MAX, how = {}) {
  const [response, bytes] = await ask(path, max, how);
  if (!response.ok) throw refusal(response, bytes);
  // A portal that wants a password answers with a page: that is nobody's lie.
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  if (!isJson) throw new Unreachable("what answers is not the ledger");
  return shape(parse(bytes), "answer");
}

/** Block 0, from which the ledger's identity follows; asked anew, to hear if it is another one. */
export async function genesis() {
  const [response, bytes] = await ask("blocks/0", BLOCK_BYTES_MAX, { cache: "no-store" });
  if (!response.ok) throw refusal(response, bytes);
  return bytes;
}

/** What the ledger says of a fingerprint, and its proofs. */
async function statusOf(wanted, signal) {
  const said = await json(`status/${wanted}`, status, ANSWER_BYTES_MAX, { signal });
  if (said.fingerprint !== wanted) throw new Improper("the answer is about another document");
  return { ...said, proofsMax: PROOFS_MAX };
}

/**
 * The same without naming the document: all that begin so are asked for, and it is looked for
 * here.
 */
async function statusByPrefix(wanted, signal) {
  const [algorithm, hex] = wanted.split(":");
  for (let digits = PREFIX_DIGITS_MIN; digits <= PREFIX_DIGITS_MAX; digits++) {
    try {
      const path = `prefixes/${algorithm}:${hex.slice(0, digits)}`;
      const said = await json(path, prefixed, PREFIX_BYTES_MAX, { signal });
      const none = { verdict: "unknown", certifications: [], proofs: [] };
      const found = said.documents.find((one) => one.fingerprint === wanted) ?? none;
      const prefix = { digits, count: said.documents.length };
      const { head } = said;
      return { ...found, fingerprint: wanted, head, prefix, proofsMax: PREFIX_PROOFS_MAX };
    } catch (error) {
      const isShort = error instanceof Refusal && error.type.endsWith("prefix-too-short");
      if (!isShort) throw error;
    }
  }
  throw new Curious(`a prefix of ${PREFIX_DIGITS_MAX} digits is not enough for it`);
}

/** What the ledger says of a document that has these fingerprints. */
export async function statuses(fingerprints, { byPrefix, signal }) {
  const about = (one) => (byPrefix ? statusByPrefix(one, signal) : statusOf(one, signal));
  const said = await Promise.all(fingerprints.map(about));
  const newest = said.map(({ head }) => head).reduce((a, b) => (a.height >= b.height ? a : b));
  // A block may be sealed between two answers. The older is asked for again, and is older no more.
  const again = async (one, at) => {
    if (one.head.height === newest.height) return one;
    const { head, ...rest } = await about(fingerprints[at]);
    if (head.height < newest.height) throw new Behind(head, newest);
    return { head, ...rest };
  };
  return Promise.all(said.map(again));
}

/** Issuers and their keys. */
export function issuers() {
  return json("issuers", list(issuer, 100_000));
}

/** One of them. */
export function issuerOf(id) {
  return json(`issuers/${encodeURIComponent(id)}`, issuer);
}
