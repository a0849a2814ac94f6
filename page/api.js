// Shows openapi.json: each path with its parameters, body and answers, and for reading a form that
// asks this ledger. No text ever becomes markup, whoever wrote it.
import { element } from "./element.js";

/** Bytes of an answer that are shown in hex. */
const HEX_BYTES_MAX = 512;
/** Headers of an answer that say how it may be kept and when to ask again. */
const HEADERS = [
  "content-type",
  "content-encoding",
  "cache-control",
  "etag",
  "vary",
  "location",
  "retry-after",
];

const code = (text) => element("code", { translate: "no" }, text);

/** Text with `code` in it; the type of a problem leads to what it means. */
function prose(text = "") {
  const marked = (part) =>
    part.startsWith("/problems/") && !part.includes("{")
      ? element("a", { href: `.${part}` }, code(part))
      : code(part);
  return text.split("`").map((part, at) => (at % 2 ? marked(part) : part));
}

/** The schemas of the description, by reference. */
class Schemas {
  constructor(description) {
    this.all = description.components.schemas;
  }

  /** The schema itself, and its name where it has one. */
  find(schema) {
    const name = schema.$ref?.split("/").at(-1);
    return name ? { name, schema: this.all[name] } : { schema };
  }

  /** What a value is, in a few words. */
  type(schema) {
    const found = this.find(schema);
    if (found.name) return found.name;
    const { type, items, oneOf, format, enum: words } = schema;
    if (words) return words.map((word) => JSON.stringify(word)).join(" or ");
    if (oneOf) return oneOf.map((one) => this.type(one)).join(" or ");
    if (items) return `list of ${this.type(items)}`;
    return [[type ?? "anything"].flat().join(" or "), format && `(${format})`]
      .filter(Boolean)
      .join(" ");
  }

  /** The schemas inside one that have members of their own: of each form, of each item. */
  inner(schema) {
    const found = this.find(schema).schema;
    const parts = [found.oneOf, found.anyOf, found.items && [found.items]].flat().filter(Boolean);
    if (parts.length) return parts.flatMap((part) => this.inner(part));
    return found.properties || found.allOf ? [schema] : [];
  }

  /** Members of an object, with those of what it is put together from. */
  members(schema) {
    const found = this.find(schema).schema;
    const own = Object.entries(found.properties ?? {});
    return [...own, ...(found.allOf ?? []).flatMap((part) => this.members(part))];
  }

  /** A list of the members of an object, each of which opens in its turn. */
  show(schema) {
    const member = ([name, of]) => {
      const said = this.find(of);
      const description = of.description ?? said.schema.description;
      const line = [
        code(name),
        " ",
        element("span", { class: "faint" }, this.type(of)),
        description && [": ", ...prose(description)],
      ];
      const inner = this.inner(of);
      return element("li", {}, inner.length ? this.openable(line, inner) : line.flat());
    };
    return element("ul", { class: "members" }, this.members(schema).map(member));
  }

  /** Made when it is opened: a schema may hold itself. */
  openable(summary, schemas) {
    const details = element("details", {}, element("summary", {}, ...summary.flat()));
    details.addEventListener(
      "toggle",
      () => {
        for (const schema of schemas) {
          const name = schemas.length > 1 ? element("p", {}, code(this.type(schema))) : null;
          details.append(...[name, this.show(schema)].filter(Boolean));
        }
      },
      { once: true },
    );
    return details;
  }
}

function table(heads, rows) {
  const row = (cell, texts) =>
    element(
      "tr",
      {},
      texts.map((text) => element(cell, {}, ...[text].flat())),
    );
  const head = element("thead", {}, row("th", heads));
  const body = element(
    "tbody",
    {},
    rows.map((texts) => row("td", texts)),
  );
  return element("div", { class: "scroll" }, element("table", {}, head, body));
}

function parameters(operation) {
  if (!operation.parameters?.length) return [];
  const form = (schema) => (schema.pattern ? code(schema.pattern) : schema.type);
  const row = ({ name, description, schema }) => [code(name), form(schema), prose(description)];
  return [
    element("h4", {}, "In the path"),
    table(["name", "form", "what it is"], operation.parameters.map(row)),
  ];
}

/** Media types, each with its schema where it is JSON. */
function contents(content, schemas) {
  return Object.entries(content ?? {}).map(([type, { schema }]) => {
    const inner = schema ? schemas.inner(schema) : [];
    const words = [code(type), schema && type.endsWith("json") ? ` ${schemas.type(schema)}` : ""];
    return element("div", {}, inner.length ? schemas.openable(words, inner) : words);
  });
}

function body(operation, schemas) {
  const asked = operation.requestBody;
  if (!asked) return [];
  return [
    element("h4", {}, "Body"),
    element("p", {}, prose(asked.description)),
    contents(asked.content, schemas),
  ];
}

function answers(operation, schemas) {
  const row = ([status, answer]) => [
    code(status),
    [...prose(answer.description), ...contents(answer.content, schemas)],
  ];
  return [
    element("h4", {}, "Answers"),
    table(["status", "what it says"], Object.entries(operation.responses).map(row)),
  ];
}

/** An answer as it came: text as text, JSON laid out, anything else in hex. */
async function shown(response) {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("content-type") ?? "";
  const headers = HEADERS.filter((name) => response.headers.has(name));
  const lines = headers.map((name) => `${name}: ${response.headers.get(name)}`);
  const text = () => new TextDecoder().decode(bytes);
  const hex = () => {
    const digits = [...bytes.slice(0, HEX_BYTES_MAX)].map((byte) =>
      byte.toString(16).padStart(2, "0"),
    );
    return digits.join(" ") + (bytes.length > HEX_BYTES_MAX ? " …" : "");
  };
  const is = (...names) => names.some((name) => type.includes(name));
  const body = is("json")
    ? JSON.stringify(JSON.parse(text()), null, 2)
    : is("text/")
      ? text()
      : hex();
  const first = `${response.status} ${response.statusText}, ${bytes.length} bytes`;
  return [first, ...lines, "", body].join("\n");
}

/** A form that asks this ledger. */
function trial(path, operation, id) {
  const inputs = (operation.parameters ?? []).map(({ name }) =>
    element("input", {
      type: "text",
      name,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      id: `${id}-${name}`,
    }),
  );
  const labels = inputs.map((input) => element("label", { for: input.id }, input.name, input));
  const output = element("div", { role: "status" });
  const send = async (event) => {
    event.preventDefault();
    const value = (name) =>
      encodeURIComponent(inputs.find((input) => input.name === name).value.trim());
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => value(name));
    const url = `.${filled.replaceAll("%3A", ":")}`;
    output.replaceChildren(element("p", { class: "faint" }, "Asking …"));
    try {
      const text = await shown(await fetch(url));
      output.replaceChildren(
        element("p", {}, code(`GET ${url.slice(1)}`)),
        element("pre", { tabindex: "0" }, text),
      );
    } catch (error) {
      output.replaceChildren(
        element("p", { class: "failed" }, `There was no answer: ${error.message}`),
      );
    }
  };
  const form = element(
    "form",
    { submit: send },
    labels,
    element("button", { class: "button" }, "Ask this ledger"),
  );
  return [element("h4", {}, "Try it"), form, output];
}

function shownOperation(method, path, operation, schemas) {
  const title = element(
    "h3",
    {},
    element("span", { class: "method" }, method.toUpperCase()),
    element("code", { class: "path", translate: "no" }, path),
  );
  const words = [operation.summary, operation.description].filter(Boolean);
  return element(
    "article",
    { id: operation.operationId },
    title,
    words.map((text) => element("p", {}, prose(text))),
    parameters(operation),
    body(operation, schemas),
    answers(operation, schemas),
    method === "get" ? trial(path, operation, operation.operationId) : [],
  );
}

/** The operations of a tag, as they are listed and as they are shown. */
function group(description, tag, schemas) {
  const all = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const tagged = all.filter(({ operation }) => operation.tags.includes(tag.name));
  const link = ({ path, method, operation }) =>
    element(
      "li",
      {},
      element("a", { href: `#${operation.operationId}` }, code(`${method.toUpperCase()} ${path}`)),
    );
  return {
    listed: [element("h2", {}, tag.name), element("ul", {}, tagged.map(link))],
    shown: [
      element("h2", {}, tag.name),
      element("p", {}, prose(tag.description)),
      ...tagged.map(({ path, method, operation }) =>
        shownOperation(method, path, operation, schemas),
      ),
    ],
  };
}

async function show() {
  const response = await fetch("openapi.json");
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  const description = await response.json();
  const groups = description.tags.map((tag) => group(description, tag, new Schemas(description)));
  document.querySelector("#about").append(...prose(description.info.description));
  document.querySelector("#contents").append(...groups.flatMap(({ listed }) => listed));
  document.querySelector("#state").remove();
  document.querySelector("#operations").append(...groups.flatMap(({ shown }) => shown));
  // Links into the page are followed once there is something to lead to.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error) => {
  const state = document.querySelector("#state");
  state.className = "failed";
  state.textContent = `The description cannot be shown: ${error.message}`;
});
