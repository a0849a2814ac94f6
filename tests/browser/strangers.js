// Which ledger is trusted: the one that was pinned or given, and no other; and where a browser cannot
// verify, what the page makes of the ledger's word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, bring, press, settled, visit } from "./browser.js";
import { flipped } from "./proxy.js";

/** Gives the page an identity, as a reader who was given one. */
async function give(page, identity) {
  await page.click("text=I was given another identity");
  await page.fill("#identity-input", identity);
  await page.press("#identity-input", "Enter");
}

export function strangers(world) {
  let isHiding = false;
  const file = (name) => world.ledger.file(name);

  /** Answers through a hand that may change what is said. */
  async function through(twist, use, options) {
    world.proxy.target = world.ledger.url;
    world.proxy.twist = twist;
    await visit(world.browser, world.proxy.url, use, options);
  }

  /** What was asked about documents. */
  const told = (requests) => requests.filter((path) => /^\/(status|prefixes)\//.test(path));

  test("another ledger comes in the place of the one that was pinned", () =>
    through(null, async (page, { requests }) => {
      await settled(page);
      await press(page, "Pin it");
      assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
      world.proxy.target = world.other.url;
      await page.reload();
      await page.waitForSelector(".stop[role=alert]");
      assert.match(await page.textContent("#stop"), /not the ledger that you pinned/);
      assert.ok((await page.textContent("#stop")).includes(world.other.identity));
      const before = requests.length;
      assert.deepEqual(await bring(page, file("certified.pdf")), ["stranger"]);
      assert.deepEqual(told(requests.slice(before)), [], "it is told nothing");
      // A proof file is verified against the ledger that was pinned, whatever answers now.
      assert.deepEqual(await bring(page, file("certified.pdf"), file("certified.pdf.proof")), [
        "certified",
      ]);
      await page.goto(`${world.proxy.url}/explorer.html`);
      await page.waitForSelector("#stop .stop[role=alert]");
      // It stays so until the reader has forgotten the old one.
      await page.goto(world.proxy.url);
      await page.waitForSelector(".stop[role=alert]");
      await page.click("#identity summary:has-text('Pinned on')");
      await press(page, "Forget it");
      await page.waitForFunction(() => !document.querySelector("#stop").textContent);
    }));

  test("the identity that was given is another one than the ledger's", () =>
    through(null, async (page) => {
      await settled(page);
      await give(page, "ledger.example");
      assert.match(await page.textContent("#identity-wrong"), /no identity/);
      await page.fill("#identity-input", ` ${world.other.identity} `);
      await page.press("#identity-input", "Enter");
      await page.waitForSelector(".stop[role=alert]");
      assert.deepEqual(await bring(page, file("certified.pdf")), ["stranger"]);
    }));

  test("a stranger that does not say who it is learns nothing", () =>
    through(
      (path) => (path === "/blocks/0" && isHiding ? { status: 503, body: "" } : null),
      async (page, { requests }) => {
        await settled(page);
        await press(page, "Pin it");
        isHiding = true;
        world.proxy.target = world.other.url;
        await page.reload();
        for (const name of ["certified.pdf", "revoked.pdf"]) {
          assert.deepEqual(await bring(page, file(name)), ["unreachable"]);
        }
        assert.deepEqual(told(requests), []);
        isHiding = false;
        await press(page, "Ask again");
        await page.waitForSelector("[data-outcome=stranger]");
        world.proxy.target = world.ledger.url;
        assert.deepEqual(await bring(page, file("revoked.pdf")), ["revoked"]);
      },
      { expected: /503 \(Service Unavailable\)/ },
    ));

  test("another ledger comes while the page is open, and nothing is pinned", () =>
    through(null, async (page, { requests }) => {
      assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
      world.proxy.target = world.other.url;
      const before = requests.length;
      assert.deepEqual(await bring(page, file("certified.pdf")), ["stranger"]);
      assert.deepEqual(told(requests.slice(before)), []);
      assert.match(await page.textContent("#stop"), /another ledger answers than before/);
    }));

  test("another identity is pinned while a document is verified", () =>
    through(null, async (page) => {
      await settled(page);
      await page.evaluate(() => {
        const verify = SubtleCrypto.prototype.verify;
        const gate = new Promise((resolve) => {
          globalThis.go = resolve;
        });
        SubtleCrypto.prototype.verify = async function slow(...all) {
          globalThis.isVerifying = true;
          await gate;
          return verify.apply(this, all);
        };
      });
      await page.setInputFiles("#files", file("certified.pdf"));
      await page.waitForFunction(() => globalThis.isVerifying);
      await give(page, world.other.identity);
      await page.evaluate(() => globalThis.go());
      await page.waitForSelector("[data-outcome=stranger]");
      // It stays so when the first verification has ended too.
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
      assert.deepEqual(await answers(page), ["stranger"]);
    }));

  test("another tab pins and forgets for this one too", () =>
    through(null, async (page, { context }) => {
      assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
      const other = await context.newPage();
      await other.goto(world.proxy.url);
      await settled(other);
      await give(other, world.other.identity);
      await page.waitForSelector("[data-outcome=stranger]");
      await other.click("#identity summary:has-text('Pinned on')");
      await press(other, "Forget it");
      await page.waitForSelector("[data-outcome=certified]");
    }));

  for (const [what, sinceMs] of [
    ["no time", undefined],
    ["a word for a time", "x"],
  ]) {
    test(`a pin with ${what} is a pin`, () =>
      visit(
        world.browser,
        "about:blank",
        async (page) => {
          const pin = JSON.stringify({ identity: world.ledger.identity, sinceMs });
          await page.addInitScript((pin) => localStorage.setItem("probant.identity /", pin), pin);
          await page.goto(world.ledger.url);
          assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
          assert.match(await page.textContent("#identity h2"), /The ledger that you trust/);
        },
        { expected: /^asked 127|localStorage/ },
      ));
  }

  test("a stranger is stopped in each view of the explorer", () =>
    through(null, async (page) => {
      await settled(page);
      await give(page, world.other.identity);
      for (const view of [
        "#chain",
        "#issuers",
        "#block/3",
        "#entry/6",
        "#issuer/energie.example",
      ]) {
        await page.goto(`${world.proxy.url}/explorer.html${view}`);
        await page.waitForSelector("#stop .stop[role=alert]");
        await page.waitForSelector("#view h1");
      }
      await page.click("[data-language=fr]");
      assert.match(await page.textContent("#stop"), /pas le registre que vous avez retenu/);
    }));

  test("the ledger id is grouped, and not what looks like it in the name before it", () =>
    through(null, async (page) => {
      await settled(page);
      const [origin, id] = world.ledger.identity.split("+");
      await give(page, `${origin}-${id}-+${"b".repeat(64)}`);
      const groups = await page.$$eval("#identity .group", (all) =>
        all.map((one) => one.textContent),
      );
      assert.deepEqual(groups, Array(8).fill("b".repeat(8)));
    }));

  test("a proof that comes before the ledger has said who it is waits for that", () =>
    visit(
      world.browser,
      "about:blank",
      async (page) => {
        let release;
        const gate = new Promise((resolve) => {
          release = resolve;
        });
        await page.route("**/blocks/0", async (route) => {
          await gate;
          await route.continue();
        });
        await page.goto(world.ledger.url);
        await page.setInputFiles("#files", [file("certified.pdf"), file("certified.pdf.proof")]);
        await page.waitForSelector(".waiting");
        release();
        assert.deepEqual(await answers(page), ["certified"]);
      },
      { expected: /^asked 127/ },
    ));

  test("its first block does not hold", () =>
    through(
      (path, _, body) => (path === "/blocks/0" ? { body: flipped(body, 0.5) } : null),
      async (page) => {
        await page.waitForSelector(".stop[role=alert]");
        assert.match(await page.textContent("#stop"), /cannot show who it is/);
        assert.deepEqual(await bring(page, file("certified.pdf")), ["lie"]);
      },
    ));

  test("where the browser has no Ed25519, its word is called unverified", () =>
    visit(
      world.browser,
      "about:blank",
      async (page) => {
        await page.addInitScript(() => {
          const none = () => Promise.reject(new DOMException("no Ed25519", "NotSupportedError"));
          Object.assign(SubtleCrypto.prototype, {
            importKey: none,
            verify: none,
            generateKey: none,
          });
        });
        await page.goto(world.ledger.url);
        await page.waitForSelector(".stop[role=alert]");
        assert.deepEqual(await bring(page, file("certified.pdf")), ["unverified"]);
        assert.match(
          await page.textContent("#answers"),
          /The ledger says: Certified\. That is its word alone/,
        );
        assert.deepEqual(await bring(page, file("certified.pdf"), file("certified.pdf.proof")), [
          "unable",
        ]);
      },
      { expected: /^asked 127/ },
    ));

  test("where the address is not secure, its word is called unverified", () => {
    const url = world.ledger.url.replace("127.0.0.1", "ledger.test");
    return visit(
      world.browser,
      url,
      async (page) => {
        await page.waitForSelector(".stop[role=alert]");
        assert.match(await page.textContent("#stop"), /only over HTTPS/);
        assert.match(await page.textContent("#identity"), /cannot be verified here/);
        assert.deepEqual(await bring(page, file("revoked.pdf")), ["unverified"]);
        assert.match(
          await page.textContent("#answers"),
          /The ledger says: Withdrawn\. That is its word alone/,
        );
      },
      { expected: /Cross-Origin-Opener-Policy header has been ignored/ },
    );
  });
}
