// A real Chromium, headless, with an empty profile, and pages that are watched: whatever goes
// wrong in one, or is asked of another host, is a fault of the test.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const executablePath = process.env.PROBANT_CHROMIUM ?? "/usr/bin/chromium";
/**
 * Longest that a page may take for anything that is waited for: what comes early is not waited for,
 * and a slow machine is no fault of the page.
 */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 20;

export const openBrowser = (flags) =>
  chromium.launch({ executablePath, args: [...FLAGS, ...flags], timeout: PATIENCE_MS });

/** Opens a page, hands it to `use`, and holds it to have had no fault that is not `expected`. */
export async function visit(browser, url, use, { expected = /^$/, ...options } = {}) {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "Europe/Paris",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  const requests = [];
  const host = new URL(url).host;
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  context.on("request", (request) => {
    requests.push(new URL(request.url()).pathname);
    const asked = new URL(request.url());
    if (asked.protocol !== "blob:" && asked.host !== host) faults.push(`asked ${asked.host}`);
  });
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    await page.goto(url);
    await use(page, { context, requests });
  } finally {
    await context.close();
  }
  assert.deepEqual(
    faults.filter((fault) => !expected.test(fault)),
    [],
  );
}

/** Brings files as a reader who chooses them, and waits for all answers. */
export async function bring(page, ...files) {
  await page.setInputFiles("#files", files);
  return answers(page);
}

/** Presses the button of this name. */
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** The outcomes that are shown, once there is nothing to wait for. */
export async function answers(page) {
  await page.waitForSelector("#answers .answer");
  await page.waitForFunction(() => !document.querySelector("#answers .waiting"));
  return page.$$eval("#answers .answer", (all) => all.map((one) => one.dataset.outcome));
}

/** Waits until all that the page loads is there, in its worker too: what hashes has it. */
export async function loaded(page) {
  await settled(page);
  const empty = { name: "empty", mimeType: "text/plain", buffer: Buffer.alloc(0) };
  assert.deepEqual(await bring(page, empty), ["unknown"]);
}

/** Waits, here and not in a page, until `holds` does. */
export async function until(holds) {
  for (let waitedMs = 0; !holds(); waitedMs += PAUSE_MS) {
    assert.ok(waitedMs < PATIENCE_MS, `waited for: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Waits until the ledger has said who it is, or has not. */
export const settled = (page) =>
  page.waitForFunction(
    (asking) => document.querySelector("#identity p")?.textContent !== asking,
    "The ledger is asked who it is.",
  );

const ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * What a checker of accessibility finds: nothing, it is hoped. In other colours only they
 * differ.
 */
export async function violations(page, only = ALL) {
  const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (runOnly) => globalThis.axe.run(document, { runOnly }),
    only,
  );
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
}
