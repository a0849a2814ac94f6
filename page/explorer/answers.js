// What the explorer asks, and the shapes in which it is answered. It is all the ledger's word.
import { json } from "../ledger.js";
import { Improper, facts, hash, integer, list, matching, oneOf, record, text } from "../shape.js";

export const BLOCKS_MAX = 20;
export const ENTRIES_MAX = 100;
/** What does not change need not be asked for twice. */
const KEPT = { cache: "default" };

const block = record({
  height: integer,
  time_ms: integer,
  first: integer,
  size: integer,
  entries: integer,
  documents: integer,
  documents_total: integer,
  previous: hash,
  statement: hash,
  status_root: hash,
});
const entry = record({
  index: integer,
  kind: oneOf(
    "genesis",
    "certify",
    "hash-envelope",
    "revoke",
    "enroll",
    "key",
    "issuer",
    "policy",
    "block",
  ),
  issuer: text(300),
  kid: hash,
  iat: integer,
  subject: text(400),
  leaf: hash,
  bytes: integer,
  says: facts(20),
});
const overview = record({
  identity: record({ text: text(400) }),
  head: block,
  blocks: list(block, BLOCKS_MAX),
});
const days = record({
  days: list(record({ date: matching(/^\d{4}-\d{2}-\d{2}$/, "a day"), documents: integer }), 400),
});

/** A number out of an address. */
function numeral(value) {
  if (!/^\d{1,16}$/.test(value)) throw new Improper(`${value} is no number`);
  return value;
}

export const overviewOf = () => json("explorer", overview);
export const daysOf = async () => (await json("explorer/days", days)).days;
export const blocksFrom = async (height) =>
  (
    await json(
      `explorer/blocks/${numeral(height)}`,
      record({ blocks: list(block, BLOCKS_MAX) }),
      undefined,
      KEPT,
    )
  ).blocks;
export const entriesOf = (height, from) =>
  json(
    `explorer/blocks/${numeral(height)}/entries/${numeral(from)}`,
    record({ block, entries: list(entry, ENTRIES_MAX) }),
    undefined,
    KEPT,
  );
export const entryAt = (index) =>
  json(`explorer/entries/${numeral(index)}`, record({ block, entry }), undefined, KEPT);
