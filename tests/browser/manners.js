// How the page behaves to whoever uses it: both languages, the keyboard alone, screen readers,
// phones, paper; and what it lets nobody do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, bring, press, settled, violations, visit } from "./browser.js";

export function manners(world) {
  const { ledger } = world;
  const open = (path, use, options) => visit(world.browser, `${ledger.url}/${path}`, use, options);

  test("both languages have the same words, with the same values, and none is left untranslated", () =>
    open("", async (page) => {
      const [en, fr] = await page.evaluate(async () =>
        Promise.all(
          ["en", "fr"].map(async (language) => ({
            ...(await import(`./page/words/${language}.js`)).default,
            ...(await import(`./page/words/${language}-explorer.js`)).default,
          })),
        ),
      );
      assert.deepEqual(Object.keys(fr), Object.keys(en));
      const values = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
      for (const key of Object.keys(en)) {
        assert.deepEqual(values(fr[key]), values(en[key]), key);
        assert.doesNotMatch(
          fr[key],
          /(^|[^\u00a0]) [:;?!»]|'/,
          `${key}: French has its own spaces and apostrophes`,
        );
        assert.doesNotMatch(en[key], /'/, key);
      }
      // Every word that the page asks for is there: `word` throws otherwise.
      const asked = await page.evaluate(() =>
        [...document.querySelectorAll("[data-word]")].map((at) => at.dataset.word),
      );
      for (const key of asked) assert.ok(en[key], key);
    }));

  test("a French reader is spoken to in French, and may choose", () =>
    open(
      "",
      async (page) => {
        assert.equal(await page.getAttribute("html", "lang"), "fr");
        assert.deepEqual(await bring(page, ledger.file("revoked.pdf")), ["revoked"]);
        assert.match(
          await page.textContent(".answer"),
          /Retiré.*est revenu là-dessus.*émis par erreur/s,
        );
        await page.click("[data-language=en]");
        assert.match(
          await page.textContent(".answer"),
          /Withdrawn.*took that back.*issued in error/s,
        );
        await page.reload();
        assert.equal(await page.getAttribute("html", "lang"), "en");
      },
      { locale: "fr-FR" },
    ));

  test("the keyboard is enough", () =>
    open("", async (page) => {
      await settled(page);
      // Listened for from the beginning: the browser takes a while to leave choosing to the test.
      const chosen = page.waitForEvent("filechooser");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement.id === "main");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.id), "files");
      await page.keyboard.press("Enter");
      await (await chosen).setFiles(ledger.file("certified.pdf"));
      assert.deepEqual(await answers(page), ["certified"]);
      // The answer has the focus, and what can be done with it comes next.
      await page.waitForFunction(() => document.activeElement.matches(".answer h2"));
      for (const next of ["Ask energie.example", "block 3, entry 6", "Save the proof"]) {
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.textContent), next);
      }
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.keyboard.press("Enter"),
      ]);
      assert.equal(download.suggestedFilename(), "certified.pdf.proof");
    }));

  test("an attestation is one page, and names the document only if that is wanted", () =>
    open("", async (page) => {
      await page.evaluate(() => {
        globalThis.print = () => {};
      });
      await bring(page, ledger.file("certified.pdf"));
      await press(page, "Print an attestation");
      const paper = () => page.textContent("#attestation");
      assert.doesNotMatch(await paper(), /certified\.pdf/);
      await page.check(".named input");
      await press(page, "Print an attestation");
      const text = await paper();
      for (const part of [
        "certified.pdf",
        "Énergie du Ponant (FR 123456789)",
        ledger.identity,
        `${ledger.url}/#${await ledger.fingerprint("certified.pdf")}`,
        "UTC",
        "probant verify",
      ]) {
        assert.ok(text.includes(part), part);
      }
      const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
      assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1);
    }));

  test("a phone of 360 pixels shows everything without moving sideways", async () => {
    const phone = {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      locale: "fr-FR",
    };
    const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= 360);
    await open(
      "",
      async (page) => {
        await bring(page, ledger.file("superseded.txt"));
        for (const summary of await page.$$("#answers summary")) await summary.click();
        assert.ok(await fits(page), "the answer");
        const small = await page.$$eval("button, .button, summary, nav a", (all) =>
          all
            .filter((one) => one.getBoundingClientRect().height < 44 && one.checkVisibility())
            .map((one) => one.textContent),
        );
        assert.deepEqual(small, [], "touch targets");
      },
      phone,
    );
    for (const view of ["", "#block/0", "#entry/0", "#issuer/telecom.example"]) {
      await open(
        `explorer.html${view}`,
        async (page) => {
          await page.waitForSelector("#view h1");
          assert.ok(await fits(page), view);
        },
        phone,
      );
    }
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`every view is accessible in ${colorScheme}`, async () => {
      const look = async (page, what) =>
        assert.deepEqual(
          await violations(page, colorScheme === "dark" ? ["color-contrast"] : undefined),
          [],
          what,
        );
      await open(
        "",
        async (page) => {
          await settled(page);
          await page.click("text=I was given another identity");
          await look(page, "empty");
          for (const name of [
            "certified.pdf",
            "revoked.pdf",
            "superseded.txt",
            "distrusted.pdf",
            "altered.pdf",
          ]) {
            await bring(page, ledger.file(name));
            for (const summary of await page.$$("#answers summary")) await summary.click();
            await look(page, name);
          }
          await bring(page, ledger.file("certified.pdf"), ledger.file("altered.pdf"));
          await look(page, "several");
          // As of when it was made: a proof from before would be an old one.
          await page.clock.setFixedTime(ledger.madeMs);
          const proven = ["certified.pdf", "certified.pdf.proof"].map(ledger.file);
          assert.deepEqual(await bring(page, ...proven), ["certified"]);
          await look(page, "offline");
          await page.clock.setFixedTime(Date.now() + 11 * 60_000);
          assert.deepEqual(await bring(page, ...proven), ["stood"]);
          await look(page, "stood");
          assert.deepEqual(await bring(page, ledger.file("certified.pdf")), ["stale"]);
          await look(page, "stale");
          await page.clock.setFixedTime(Date.now());
          await page.route("**/status/**", (route) => route.fulfill({ json: {} }));
          assert.deepEqual(await bring(page, ledger.file("certified.pdf")), ["lie"]);
          await look(page, "lie");
          await page.unroute("**/status/**");
          const link = await ledger.fingerprint("certified.pdf");
          await page.evaluate((hash) => {
            location.hash = hash;
          }, link);
          await page.waitForSelector("[data-outcome=linked]");
          await look(page, "link");
          await page.fill("#identity-input", world.other.identity);
          await page.press("#identity-input", "Enter");
          await page.waitForSelector(".stop[role=alert]");
          assert.deepEqual(await bring(page, ledger.file("certified.pdf")), ["stranger"]);
          await look(page, "stop");
        },
        { colorScheme },
      );
      await open(
        "explorer.html",
        async (page) => {
          for (const [view, shown] of [
            ["#chain", ".chain"],
            ["#block/3", "h1:text-is('Block 3')"],
            ["#entry/0", ".kicker:text-is('Entry 0')"],
            ["#entry/6", ".kicker:text-is('Entry 6')"],
            ["#issuers", "h1:text-is('Issuers')"],
            ["#issuer/telecom.example", ".keys"],
          ]) {
            await page.evaluate((view) => {
              location.hash = view;
            }, view);
            await page.waitForSelector(`#view ${shown}`);
            await look(page, view);
          }
        },
        { colorScheme },
      );
    });
  }

  test("all three pages have one head, and lead to one another", () =>
    open("", async (page) => {
      const head = () =>
        page.$$eval(".top nav a, .wordmark", (all) =>
          all.map((one) => {
            const { fontFamily, fontSize, color, minHeight } = getComputedStyle(one);
            return [one.textContent.trim(), one.href, color, minHeight, fontFamily, fontSize];
          }),
        );
      const first = await head();
      assert.deepEqual(
        first.map(([text]) => text),
        ["Probant", "Verify", "Explorer", "API"],
      );
      for (const name of ["Explorer", "API", "Verify"]) {
        await page.click(`.top nav a:has-text("${name}")`);
        await page.waitForSelector(`.top nav a[aria-current]:has-text("${name}")`);
        await page.waitForLoadState(); // It is there before its styles are.
        assert.deepEqual(await head(), first, name);
      }
    }));

  for (const colorScheme of ["light", "dark"]) {
    test(`the page of the API is accessible in ${colorScheme}, and fits on a phone`, () =>
      open(
        "api",
        async (page) => {
          await page.waitForSelector("#operations article");
          await page.locator("article summary").first().click();
          const only = colorScheme === "dark" ? ["color-contrast"] : undefined;
          assert.deepEqual(await violations(page, only), []);
          const fits = () => document.documentElement.scrollWidth <= innerWidth;
          assert.ok(await page.evaluate(fits));
        },
        { colorScheme, viewport: { width: 390, height: 800 } },
      ));
  }

  test("nothing but the page's own files is loaded, and no other page may hold it", async () => {
    const { headers } = await fetch(ledger.url);
    const policy = headers.get("content-security-policy").split("; ").sort();
    assert.deepEqual(policy, [
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self'",
      "worker-src 'self'",
    ]);
    await open("", async (page, { requests }) => {
      await bring(page, ledger.file("certified.pdf"));
      const others = requests.filter(
        (path) => !/^\/$|^\/(page|js)\/|^\/blocks\/0$|^\/status\//.test(path),
      );
      assert.deepEqual(others, []);
      const inline = await page.$$eval("script:not([src]), style, [style], [onclick]", (all) =>
        all.map((one) => one.outerHTML),
      );
      assert.deepEqual(inline, []);
    });
  });

  test("it may live under a path", async () => {
    const http = await import("node:http");
    const server = http.createServer(async (request, response) => {
      if (!request.url.startsWith("/fr/")) return response.writeHead(404).end();
      const answer = await fetch(ledger.url + request.url.slice(3));
      const headers = Object.fromEntries(
        [...answer.headers].filter(([name]) => !/length|encoding|connection|etag/.test(name)),
      );
      response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await visit(world.browser, `http://127.0.0.1:${server.address().port}/fr/`, async (page) => {
        assert.deepEqual(await bring(page, ledger.file("certified.pdf")), ["certified"]);
        await page.click(".known a");
        await page.waitForSelector("h1:has-text('certifies')");
        await page.click("text=The chain");
        await page.waitForSelector(".chain .block");
      });
    } finally {
      server.closeAllConnections?.();
      server.close();
    }
  });
}
