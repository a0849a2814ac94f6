// The words of the page in the language of its reader, who may choose another. What is missing in a
// language is a defect: tests hold the two to the same keys.
import enExplorer from "./words/en-explorer.js";
import en from "./words/en.js";
import frExplorer from "./words/fr-explorer.js";
import fr from "./words/fr.js";

const WORDS = { en: { ...en, ...enExplorer }, fr: { ...fr, ...frExplorer } };
const KEPT = "probant.language";

function preferred() {
  const wanted = [kept(), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((language) => Object.hasOwn(WORDS, language)) ?? "en";
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // A browser that keeps nothing.
  }
}

let language = preferred();

/** The language that is spoken now. */
export function spoken() {
  return language;
}

/** Whether there is a word for this. */
export function hasWord(key) {
  return Object.hasOwn(WORDS[language], key);
}

/** The words for `key`, with `{name}` replaced by the value of that name. */
export function word(key, values = {}) {
  const text = WORDS[language][key];
  if (text === undefined) throw new Error(`no words for ${key} in ${language}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The words for so many: `key.one` or `key.other`, with `{count}`. */
export function counted(key, count, values = {}) {
  const one = new Intl.PluralRules(language).select(count) === "one";
  return word(`${key}.${one ? "one" : "other"}`, { ...values, count: number(count) });
}

/** A number as it is written in this language. */
export function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** Says what is in the document already: `data-word` is its text, `data-label` its name. */
function say() {
  document.documentElement.lang = language;
  for (const at of document.querySelectorAll("[data-word]")) at.textContent = word(at.dataset.word);
  for (const at of document.querySelectorAll("[data-label]")) {
    at.setAttribute("aria-label", word(at.dataset.label));
  }
  for (const at of document.querySelectorAll("[data-language]")) {
    at.setAttribute("aria-pressed", String(at.dataset.language === language));
  }
}

/** Speaks, and says all again by `again` when another language is chosen. */
export function speak(again) {
  for (const at of document.querySelectorAll("[data-language]")) {
    at.addEventListener("click", () => {
      language = at.dataset.language;
      try {
        localStorage.setItem(KEPT, language);
      } catch {
        // It is asked again next time.
      }
      say();
      again();
    });
  }
  say();
}
