// Times: when something was, and how long ago that is. A ledger's time is in milliseconds since
// 1970.
import { element } from "./element.js";
import { spoken, word } from "./words.js";

const UNITS = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];
/** Above this a date is no date in JavaScript. */
const TIME_MS_MAX = 8.64e15;

/** A time in the reader's zone, which is named; in UTC where a paper is to be read elsewhere. */
export function when(timeMs, zone) {
  if (timeMs > TIME_MS_MAX) return String(timeMs);
  const format = {
    dateStyle: undefined,
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    timeZone: zone,
  };
  return new Intl.DateTimeFormat(spoken() === "en" ? "en-GB" : "fr-FR", format).format(timeMs);
}

/** The same as an element, which machines read too. */
export function moment(timeMs) {
  if (timeMs > TIME_MS_MAX) return String(timeMs);
  return element("time", { datetime: new Date(timeMs).toISOString() }, when(timeMs));
}

/** How long ago that was, as an element that `refreshAges` keeps true. */
export function age(timeMs, nowMs) {
  return element("strong", { "data-time-ms": timeMs }, ago(timeMs, nowMs));
}

export function refreshAges(nowMs) {
  for (const at of document.querySelectorAll("[data-time-ms]")) {
    at.textContent = ago(Number(at.dataset.timeMs), nowMs);
  }
}

/** How long ago that was, in one unit of which there are two at least. */
export function ago(timeMs, nowMs) {
  const seconds = Math.floor((nowMs - timeMs) / 1000);
  if (seconds < 0) return word("time.ahead");
  if (seconds < 2) return word("time.now");
  const [unitS, unit] = UNITS.find(([unitS]) => seconds / unitS >= 2);
  const format = new Intl.RelativeTimeFormat(spoken(), { numeric: "always" });
  return format.format(-Math.floor(seconds / unitS), unit);
}
