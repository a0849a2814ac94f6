// Elements of the page, made one by one: no text ever becomes markup, whoever wrote it.

const SVG = "http://www.w3.org/2000/svg";

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      made.setAttribute(name, value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element of HTML. A function among the attributes listens to the event of that name. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An element of SVG. */
export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** A button that does something. */
export function button(text, click, attributes = {}) {
  return element("button", { type: "button", click, ...attributes }, text);
}

/** A list of names and what they are; a pair without a value is left out. */
export function pairs(all, attributes = {}) {
  const shown = all.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const pair = ([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element("dl", attributes, shown.map(pair));
}

/** Texts one under the other; none, and there is no list. */
export function lines(texts, name) {
  if (texts.length === 0) return null;
  return element(
    "ul",
    { class: name },
    texts.map((text) => element("li", {}, text)),
  );
}

/** A fingerprint, a kid or an identity: to be compared group by group, and never translated. */
export function code(text, attributes = {}) {
  // The last hash: whoever chooses the name before it may have put another there.
  const [, before, hash, after] = /^(.*)([0-9a-f]{64})(.*)$/s.exec(text) ?? [null, text, "", ""];
  const group = (letters) => [element("span", { class: "group" }, letters), element("wbr")];
  const groups = (hash.match(/.{8}/g) ?? []).map(group);
  const first = before && hash ? [before, element("wbr")] : [before];
  return element("code", { translate: "no", ...attributes }, first, groups, after);
}
