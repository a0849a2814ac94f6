// One block: what its own statement says, and its entries.
import { code, element, pairs } from "../element.js";
import { moment } from "../moment.js";
import { counted, number, word } from "../words.js";
import { ENTRIES_MAX, blocksFrom, entriesOf } from "./answers.js";
import { sentence } from "./sentence.js";

export async function showBlock(height, from) {
  const [block, before] = await blocksFrom(height);
  const start = from ?? String(block.first);
  const { entries } = await entriesOf(height, start);
  const long = (hash) => element("span", { class: "long" }, code(hash));
  const previous = before
    ? element("a", { class: "long", href: `#block/${before.height}` }, code(block.previous))
    : long(block.previous);
  return element(
    "section",
    { "aria-labelledby": "block-title" },
    element(
      "h1",
      { id: "block-title", tabindex: "-1" },
      word("block.name", { height: number(block.height) }),
    ),
    element("p", {}, word("block.says")),
    pairs([
      [word("block.sealed"), moment(block.time_ms)],
      [
        word("chain.entries"),
        word("block.range", {
          first: number(block.first),
          last: number(block.size - 1),
          count: number(block.entries),
        }),
      ],
      [
        word("chain.documents"),
        word("block.total", {
          count: number(block.documents),
          total: number(block.documents_total),
        }),
      ],
      [word(block.height === 0 ? "block.genesis" : "block.previous"), previous],
      [word("block.statement"), long(block.statement)],
      [word("block.status"), long(block.status_root)],
    ]),
    element("h2", {}, counted("block.entries", block.entries)),
    element("ol", { class: "entries" }, entries.map(line)),
    pages(block, Number(start)),
  );
}

function line(entry) {
  return element(
    "li",
    {},
    element(
      "a",
      { class: "height", href: `#entry/${entry.index}` },
      word("entry.name", { index: number(entry.index) }),
    ),
    element("span", {}, sentence(entry)),
  );
}

/** Ways to the entries before and after, where there are more than fit. */
function pages({ height, first, size }, start) {
  const way = (from, key) => element("a", { href: `#block/${height}/${from}` }, word(key));
  const before = start > first ? way(Math.max(first, start - ENTRIES_MAX), "block.before") : null;
  const after = start + ENTRIES_MAX < size ? way(start + ENTRIES_MAX, "block.after") : null;
  return before || after ? element("p", { class: "ways" }, before, after) : null;
}
