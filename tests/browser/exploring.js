// The explorer, against what the ledger's own blocks say.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { visit } from "./browser.js";

export function exploring(world) {
  const open = (hash, use, options) =>
    visit(world.browser, `${world.ledger.url}/explorer.html${hash}`, use, options);
  const overview = () => fetch(`${world.ledger.url}/explorer`).then((answer) => answer.json());

  test("the chain is shown, each block linked to the one before", async () => {
    const { head, blocks } = await overview();
    await open("", async (page) => {
      await page.waitForSelector(".chain .block");
      const shown = await page.$$eval(".chain .height", (all) => all.map((one) => one.textContent));
      assert.deepEqual(
        shown,
        blocks.map(({ height }) => `Block ${height}`),
      );
      const text = await page.textContent("#view");
      assert.ok(text.includes(world.ledger.identity));
      assert.equal(await page.$(".chain .broken"), null);
      assert.match(text, new RegExp(`${head.documents_total} documents in 90 days`));
      const hooks = await page.$$eval(".chain .hook a", (all) =>
        all.map((one) => one.getAttribute("href")),
      );
      assert.deepEqual(
        hooks,
        blocks.slice(0, -1).map(({ height }) => `#block/${height - 1}`),
      );
      // The chart says the same to everybody.
      await page.click("text=The same as a table");
      const rows = await page.$$eval("tbody tr", (all) =>
        all.map((row) => row.cells[1].textContent),
      );
      assert.equal(
        rows.reduce((sum, count) => sum + Number(count), 0),
        head.documents_total,
      );
      assert.equal((await page.$$(".days .bar")).length, rows.length);
    });
  });

  test("older blocks come when they are asked for, and stay", () =>
    visit(world.browser, `${world.other.url}/explorer.html`, async (page) => {
      await page.waitForSelector("#more");
      const grown = (newest) =>
        page.waitForFunction(
          (hash) => document.querySelector(".chain .height").hash !== hash,
          newest,
        );
      // A block that comes while the button is pressed does not take it away.
      await page.hover("#pulse");
      await page.mouse.down();
      await grown(await page.$eval(".chain .height", (one) => one.hash));
      await page.mouse.up();
      await page.waitForSelector(".pulse.paused");
      await page.click("#more");
      await page.waitForFunction(() => document.querySelectorAll(".chain .block").length > 20);
      const heights = () =>
        page.$$eval(".chain .height", (all) => all.map((one) => Number(one.hash.split("/")[1])));
      const [newest, ...rest] = await heights();
      assert.deepEqual(
        rest,
        rest.map((_, at) => newest - 1 - at),
      );
      // It goes on, and what was asked for stays below the new ones.
      await page.click("#pulse");
      await grown(`#block/${newest}`);
      const after = await heights();
      assert.ok(after[0] > newest && after.at(-1) === rest.at(-1), after.join());
      assert.deepEqual(
        after,
        after.map((_, at) => after[0] - at),
      );
      assert.equal(await page.$(".chain .broken"), null);
    }));

  test("a block, its entries, and each kind of entry in words", async () => {
    const { head } = await overview();
    await open("#block/3", async (page) => {
      await page.click("text=Entry 6");
      await page.waitForSelector("h1:has-text('energie.example certifies 2 documents.')");
      const kinds = new Set();
      for (let index = 0; index < head.size; index++) {
        await page.evaluate((index) => {
          location.hash = `entry/${index}`;
        }, index);
        await page.waitForSelector(`.kicker:text-is("Entry ${index}")`);
        const { entry } = await fetch(`${world.ledger.url}/explorer/entries/${index}`).then(
          (answer) => answer.json(),
        );
        kinds.add(entry.kind);
        const text = await page.textContent("#view");
        assert.ok(text.includes(entry.leaf) && text.includes(entry.kid), `entry ${index}`);
        assert.doesNotMatch(text, /\?|undefined|\[object/, `entry ${index}`);
      }
      assert.deepEqual([...kinds].sort(), [
        "block",
        "certify",
        "enroll",
        "genesis",
        "key",
        "revoke",
      ]);
    });
  });

  test("an address that is none shows nothing in its place", () =>
    open("#block/1", async (page) => {
      await page.waitForSelector("#view h1");
      await page.evaluate(() => {
        location.hash = "#block/%E0%A4%A";
      });
      await page.waitForSelector("#trouble :text('There is nothing here')");
      assert.equal(await page.$("#view h1"), null);
    }));

  test("issuers, their keys, and what became of them", () =>
    open("#issuers", async (page) => {
      await page.click("text=Korrigan Télécom");
      await page.waitForSelector(".keys .fallen");
      assert.match(await page.textContent(".keys"), /In other hands since/);
      assert.equal(await page.getAttribute(".views a[aria-current]", "href"), "#issuers");
    }));

  test("it is live, unless it is paused or not seen", () =>
    open("", async (page, { requests }) => {
      await page.clock.install();
      await page.reload();
      await page.waitForSelector(".chain .block");
      await page.click("#days-table");
      await page.focus(`.chain a[href="#block/3"]`);
      const asked = () => requests.filter((path) => path === "/explorer").length;
      const { head } = await overview();
      await writeFile(world.ledger.file("live.txt"), "Une facture de plus\n");
      await world.ledger.probant(
        "certify",
        "live.txt",
        "--issuer",
        "energie.example",
        "--key",
        "energie.example.pem",
      );
      await page.clock.runFor(5000);
      await page.waitForSelector(`.chain .height:text-is("Block ${head.height + 1}")`);
      // What was opened stays open, and the keyboard where it was.
      assert.ok(await page.$("details[open] > #days-table"));
      assert.equal(
        await page.evaluate(() => document.activeElement.getAttribute("href")),
        "#block/3",
      );
      await page.click("#pulse");
      await page.waitForSelector(".pulse.paused");
      const before = asked();
      await page.clock.runFor(30_000);
      assert.equal(asked(), before, "paused");
      await page.click("#pulse");
      await page.waitForSelector(".pulse:not(.paused)");
      await page.evaluate(() =>
        Object.defineProperty(document, "hidden", { value: true, configurable: true }),
      );
      const hidden = asked();
      await page.clock.runFor(30_000);
      assert.equal(asked(), hidden, "hidden");
    }));
}
