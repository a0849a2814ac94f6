// What an answer must look like. Whatever a ledger sends is read through a shape: what is not in
// it is left out, what differs from it ends the reading.

/** What was sent is not what a ledger sends. */
export class Improper extends Error {
  name = "Improper";
}

const improper = (at, wanted) => {
  throw new Improper(`${at} is not ${wanted}`);
};

export const text = (max) => (value, at) =>
  typeof value === "string" && value.length <= max
    ? value
    : improper(at, `a text of at most ${max}`);

export const matching = (pattern, wanted) => (value, at) =>
  typeof value === "string" && pattern.test(value) ? value : improper(at, wanted);

export const integer = (value, at) =>
  Number.isSafeInteger(value) && value >= 0 ? value : improper(at, "a whole number");

export const flag = (value, at) =>
  typeof value === "boolean" ? value : improper(at, "true or false");

export const oneOf =
  (...words) =>
  (value, at) =>
    words.includes(value) ? value : improper(at, `one of ${words.join(", ")}`);

export const nullable = (shape) => (value, at) =>
  value === null || value === undefined ? null : shape(value, at);

export const list = (shape, max) => (value, at) =>
  Array.isArray(value) && value.length <= max
    ? value.map((one, index) => shape(one, `${at}[${index}]`))
    : improper(at, `a list of at most ${max}`);

export const record = (fields) => (value, at) => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    improper(at, "an object");
  const read = ([name, shape]) => [name, shape(value[name], `${at}.${name}`)];
  return Object.fromEntries(Object.entries(fields).map(read));
};

/** Texts and numbers by names that are not known before. */
export const facts = (max) => (value, at) => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    improper(at, "an object");
  const all = Object.entries(value);
  return all.length <= max ? Object.fromEntries(all) : improper(at, `an object of at most ${max}`);
};

export const hash = matching(/^[0-9a-f]{64}$/, "a hash");
export const fingerprint = matching(/^(blake3|sha-256):[0-9a-f]{64}$/, "a fingerprint");
