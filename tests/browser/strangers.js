// Which ledger is trusted: the one that was pinned or given, and no other; and where a browser cannot
// verify, what the page makes of the ledger's word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bring, press, settled, visit } from "./browser.js";
import { flipped } from "./proxy.js";

export function strangers(world) {
  const file = (name) => world.ledger.file(name);

  /** Answers through a hand that may change what is said. */
  async function through(twist, use) {
    world.proxy.target = world.ledger.url;
    world.proxy.twist = twist;
    await visit(world.browser, world.proxy.url, use);
  }

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
      assert.deepEqual(requests.slice(before), [], "it is told nothing");
      // A proof file is verified against the ledger that was pinned, whatever answers now.
      assert.deepEqual(await bring(page, file("certified.pdf"), file("certified.pdf.proof")), [
        "certified",
      ]);
      await page.goto(`${world.proxy.url}/explorer.html`);
      await page.waitForSelector("#view .stop[role=alert]");
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
      await page.click("text=I was given another identity");
      await page.fill("#identity-input", "ledger.example");
      await page.press("#identity-input", "Enter");
      assert.match(await page.textContent("#identity-wrong"), /no identity/);
      await page.fill("#identity-input", ` ${world.other.identity} `);
      await page.press("#identity-input", "Enter");
      await page.waitForSelector(".stop[role=alert]");
      assert.deepEqual(await bring(page, file("certified.pdf")), ["stranger"]);
    }));

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
