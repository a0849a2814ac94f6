// Documents certified each day: a chart for the eye, and a table with the same for everybody.
import { drawing, element } from "../element.js";
import { counted, number, spoken, word } from "../words.js";

const WIDTH = 720;
const HEIGHT = 140;
const GAP = 0.25;

/** A day as it is written in this language. It is a day in UTC. */
function day(date) {
  return new Intl.DateTimeFormat(spoken() === "en" ? "en-GB" : "fr-FR", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${date}T00:00:00Z`));
}

export function chart(days) {
  if (days.length === 0) return null;
  const most = Math.max(...days.map((one) => one.documents), 1);
  const total = days.reduce((sum, one) => sum + one.documents, 0);
  const step = WIDTH / days.length;
  const bar = ({ date, documents }, at) => {
    if (documents === 0) return null;
    const height = Math.max((documents / most) * (HEIGHT - 12), 3);
    const place = {
      x: at * step + (step * GAP) / 2,
      y: HEIGHT - height,
      width: step * (1 - GAP),
      height,
    };
    return drawing(
      "rect",
      { class: "bar", ...place },
      drawing("title", {}, `${day(date)} : ${counted("block.documents", documents)}`),
    );
  };
  const says = counted("days.says", days.length, { total: number(total), most: number(most) });
  return element(
    "figure",
    { class: "days" },
    element("figcaption", {}, element("h2", {}, word("days.title")), element("p", {}, says)),
    drawing(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT + 2}`,
        role: "img",
        "aria-label": says,
        preserveAspectRatio: "none",
      },
      days.map(bar),
      drawing("line", { class: "ground", x1: 0, y1: HEIGHT + 1, x2: WIDTH, y2: HEIGHT + 1 }),
    ),
    element(
      "p",
      { class: "ends", "aria-hidden": "true" },
      element("span", {}, day(days[0].date)),
      element("span", {}, day(days.at(-1).date)),
    ),
    table(days),
  );
}

/** Days without documents are left out of the table, and said to be. */
function table(days) {
  const filled = days.filter((one) => one.documents > 0).reverse();
  const row = ({ date, documents }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, day(date)),
      element("td", {}, number(documents)),
    );
  return element(
    "details",
    {},
    element("summary", { id: "days-table" }, word("days.table")),
    element(
      "table",
      {},
      element("caption", {}, word("days.caption")),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, word("days.day")),
          element("th", { scope: "col" }, word("chain.documents")),
        ),
      ),
      element("tbody", {}, filled.map(row)),
    ),
  );
}
