// The chain: the newest blocks, each linked to the one before by the hash that it names, and how
// many documents were certified each day.
import { button, code, element, pairs } from "../element.js";
import { moment } from "../moment.js";
import { counted, number, word } from "../words.js";
import { blocksFrom, daysOf, overviewOf } from "./answers.js";
import { chart } from "./days.js";

/** The blocks that were shown last, where older ones were asked for: they do not change. */
let kept = [];

const short = (hash) => `${hash.slice(0, 8)}…${hash.slice(-8)}`;

export async function showChain() {
  const [{ identity, head, blocks }, days] = await Promise.all([overviewOf(), daysOf()]);
  const all = joined(blocks);
  const shown = element(
    "section",
    { "aria-labelledby": "chain-title" },
    element("h1", { id: "chain-title", tabindex: "-1" }, word("explorer.chain")),
    element("p", {}, word("chain.says")),
    pairs([
      [word("chain.ledger"), element("span", { class: "long" }, code(identity.text))],
      [word("chain.documents"), number(head.documents_total)],
      [word("chain.entries"), number(head.size)],
      [
        word("chain.newest"),
        [word("block.name", { height: number(head.height) }), ", ", moment(head.time_ms)],
      ],
    ]),
    chart(days),
    element("h2", {}, word("chain.blocks")),
    list(all),
  );
  shown.of = JSON.stringify([identity, blocks, days]);
  return shown;
}

/** Blocks, and a way to older ones, which come below. */
function list(all) {
  const last = all.at(-1);
  const place = element(
    "div",
    { class: "blocks" },
    element(
      "ol",
      { class: "chain" },
      all.map((block, at) => link(block, all[at + 1])),
    ),
  );
  const more = async () => {
    try {
      const found = await blocksFrom(String(last.height - 1));
      kept = [...all, ...found];
      const grown = list(kept);
      place.replaceWith(grown);
      grown.querySelector(`a[href="#block/${found[0].height}"].height`).focus();
    } catch (error) {
      place.append(
        element("p", { role: "alert" }, word("explorer.unreachable"), " ", code(error.message)),
      );
    }
  };
  if (last?.height > 0)
    place.append(button(word("chain.more"), more, { id: "more", class: "button quiet" }));
  return place;
}

/** The newest, and those kept below them; where there is a gap, the newest alone. */
function joined(blocks) {
  const last = blocks.at(-1);
  const below = kept.filter((block) => block.height < last.height);
  kept = below[0]?.height === last.height - 1 ? [...blocks, ...below] : [];
  return kept.length > 0 ? kept : blocks;
}

/** One block, and whether it names the one below it: computed here, for what is shown. */
function link(block, before) {
  const holds =
    !before || (block.previous === before.statement && block.height === before.height + 1);
  return element(
    "li",
    { class: holds ? "" : "broken" },
    element("div", { class: "block" }, summary(block)),
    element(
      "p",
      { class: "hook" },
      block.height === 0
        ? [word("block.genesis"), " ", code(short(block.previous))]
        : element(
            "a",
            { href: `#block/${block.height - 1}` },
            word("block.previous"),
            " ",
            code(short(block.previous)),
          ),
      holds ? null : element("strong", { role: "alert" }, word("block.broken")),
    ),
  );
}

/** A block in a line or two. */
function summary(block) {
  return [
    element(
      "a",
      { class: "height", href: `#block/${block.height}` },
      word("block.name", { height: number(block.height) }),
    ),
    element("span", { class: "time" }, moment(block.time_ms)),
    element(
      "span",
      { class: "holds" },
      counted("block.entries", block.entries),
      ", ",
      counted("block.documents", block.documents),
    ),
    element("span", { class: "own" }, code(short(block.statement))),
  ];
}
