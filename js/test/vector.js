// Reading tests/vectors: one file for each case (docs/format.md 13).

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex } from "../bytes.js";

export const FOLDER = fileURLToPath(new URL("../../tests/vectors/", import.meta.url));

export function names() {
  return readdirSync(FOLDER).sort();
}

const cache = new Map();

/** `inputs` is a map from name to its lines; `bytes` are those to try. */
export function vector(name) {
  if (!cache.has(name)) cache.set(name, read(name));
  return cache.get(name);
}

function read(name) {
  const file = readFileSync(FOLDER + name, "utf8");
  const parting = file.indexOf("\n\n");
  const inputs = new Map();
  for (const line of file.slice(0, parting).split("\n")) {
    const [, key, value] = /^([a-z]+):(?: (.*))?$/.exec(line) ?? [];
    if (!key) throw new Error(`${name}: no line of a vector: ${line}`);
    inputs.set(key, [...(inputs.get(key) ?? []), value ?? ""]);
  }
  const bytes = fromHex(file.slice(parting + 2).replaceAll("\n", ""));
  if (bytes === null) throw new Error(`${name}: its bytes are no hex`);
  return { name, inputs, bytes };
}
