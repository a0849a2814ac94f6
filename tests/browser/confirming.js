// An issuer's own domain, asked by the page whether the key is its own: only when the reader wants it
// to, and in each way that it may answer.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bring, press, until, violations, visit } from "./browser.js";
import { endless, hanging } from "./domain.js";

const PATH = "/.well-known/probant-keys";
const UNASKED = /could not be asked from a browser.*says nothing about the key/;
const AS_BEFORE = /takes nothing away/;

export function confirming(world) {
  const { ledger, domain } = world;
  const open = (use, options) => visit(world.browser, ledger.url, use, options);
  /** The network's own words for what did not work, in the console. */
  const trouble = /^asked energie\.example$|Failed to load|blocked by CORS/;
  const said = (page) => page.textContent(".known .said");

  /** Presses, and waits for an answer. */
  async function ask(page, name = "Ask energie.example") {
    await press(page, name);
    await page.waitForFunction(() => document.querySelector(".said .note strong"));
    return said(page);
  }

  /** The key set of these issuers, as `probant issuer domain-keys` writes it. */
  async function keysOf(...ids) {
    const keys = ids.map((id) => `${id}.pem`);
    await ledger.probant("issuer", "domain-keys", ...keys, "--out", "probant-keys");
    return readFile(ledger.file("probant-keys"));
  }

  test("a domain is asked when the reader presses, and confirms the key that it lists", async () => {
    domain.publish(await keysOf("telecom.example", "energie.example"));
    await open(
      async (page) => {
        await page.evaluate(() => {
          globalThis.print = () => {};
        });
        await bring(page, ledger.file("certified.pdf"));
        assert.match(await said(page), /asked only if you press/);
        assert.deepEqual(domain.asked, [], "nobody pressed");
        await page.focus("text=Ask energie.example");
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => document.querySelector(".said .note strong"));
        assert.match(await said(page), /energie\.example confirms the key.*Asked just now\./);
        assert.match(await page.textContent("#status"), /energie\.example confirms the key/);
        const focused = await page.evaluate(() => document.activeElement.textContent);
        assert.equal(focused, "Ask energie.example");
        const [{ method, url, headers }, ...more] = domain.asked;
        assert.deepEqual([method, url, more], ["GET", PATH, []]);
        assert.deepEqual([headers.cookie, headers.referer], [undefined, undefined]);
        // It stays said: in the other language, for another document by the same key, on paper.
        await page.click("[data-language=fr]");
        assert.match(await said(page), /energie\.example confirme la clé.*Interrogé/);
        await bring(page, ledger.file("revoked.pdf"));
        assert.match(await said(page), /confirme la clé/);
        await press(page, "Imprimer une attestation");
        assert.match(await page.textContent("#attestation"), /confirme la clé.*UTC/);
        assert.equal(domain.asked.length, 1);
      },
      { expected: /^asked energie\.example$/ },
    );
  });

  test("what a domain says is told apart, and its silence is no denial", async () => {
    const own = await keysOf("energie.example");
    const others = await keysOf("telecom.example");
    const elsewhere = { location: `https://energie.example/elsewhere` };
    const pages = { "access-control-allow-origin": "*" };
    await open(
      async (page) => {
        await bring(page, ledger.file("certified.pdf"));
        for (const [body, options, words] of [
          [others, {}, /does not list the key that signed, but others/],
          [Buffer.from([0x80]), {}, /publishes no keys.*takes nothing away/],
          ["", { status: 404, headers: pages }, /publishes no keys.*takes nothing away/],
          ["<!doctype html><title>Accueil</title>", {}, AS_BEFORE],
          [Buffer.concat([own, Buffer.alloc(1)]), {}, AS_BEFORE],
          [own.subarray(0, -1), {}, AS_BEFORE],
          [Buffer.alloc((96 << 10) + 1), {}, AS_BEFORE],
          ["", { status: 302, headers: { ...pages, ...elsewhere } }, AS_BEFORE],
          ["", { status: 404, headers: {} }, UNASKED],
          [own, { headers: {} }, UNASKED],
          [others, { headers: {} }, UNASKED],
          ["", { status: 503, headers: pages }, UNASKED],
          [own, { headers: { ...pages, "content-length": own.length + 1 } }, UNASKED],
        ]) {
          domain.publish(body, options);
          const answer = await ask(page);
          assert.match(answer, words);
          const isDenied = await page.$$eval(".domain .cautions", (all) => all.length > 0);
          assert.equal(isDenied, /does not list/.test(answer), answer);
        }
        domain.answer = endless;
        assert.match(await ask(page), /no list of keys/);
        domain.publish(own);
        assert.match(await ask(page), /confirms the key/);
      },
      { expected: trouble },
    );
    assert.ok(domain.asked.every(({ url }) => url === PATH), "a redirect is not followed");
  });

  test("a domain that hangs, or that is not there, ends without an answer", () =>
    open(
      async (page) => {
        await page.clock.install();
        await page.reload();
        await bring(page, ledger.file("certified.pdf"));
        const before = domain.asked.length;
        domain.answer = hanging;
        await press(page, "Ask energie.example");
        await press(page, "Ask energie.example");
        await until(() => domain.open === 1);
        assert.match(await said(page), /energie\.example is asked…/);
        await page.clock.runFor(20_000);
        await page.waitForFunction(() => document.querySelector(".said .note strong"));
        assert.match(await said(page), UNASKED);
        await until(() => domain.open === 0);
        assert.equal(domain.asked.length, before + 1, "pressed twice, asked once");
        await bring(page, ledger.file("distrusted.pdf"));
        assert.match(await ask(page, "Ask telecom.example"), UNASKED);
      },
      { expected: /^asked (energie|telecom)\.example$|Failed to load/ },
    ));

  test("a domain's word is accessible, in light and dark", async () => {
    domain.publish(await keysOf("telecom.example"));
    for (const colorScheme of ["light", "dark"]) {
      await open(
        async (page) => {
          await bring(page, ledger.file("certified.pdf"));
          assert.match(await ask(page), /does not list/);
          assert.deepEqual(await violations(page), []);
        },
        { colorScheme, expected: /^asked energie\.example$/ },
      );
    }
  });

  test("the page itself asks no domain, and its asker nothing but for keys", async () => {
    domain.publish(await keysOf("energie.example"));
    const before = domain.asked.length;
    await open(
      async (page) => {
        const direct = await page.evaluate(
          (url) => fetch(url).then(String, () => "blocked"),
          `https://energie.example${PATH}`,
        );
        assert.equal(direct, "blocked");
        // What could carry more than a name is not asked, nor a URL whatever it is of.
        for (const name of [
          `https://energie.example${PATH}`,
          `energie.example${PATH}?${"secret".repeat(1000)}`,
          "energie.example/elsewhere?",
          "energie.example:444",
          "secret@energie.example",
          "energie.example#secret",
          "Energie.Example",
          "energie.example\n",
          `${"secret.".repeat(40)}energie.example`,
          ledger.url,
          ["energie.example"],
        ]) {
          const answer = await page.evaluate(
            (name) =>
              new Promise((resolve) => {
                const worker = new Worker("page/domain-worker.js");
                worker.onmessage = ({ data }) => resolve(data);
                worker.postMessage(name);
              }),
            name,
          );
          assert.deepEqual(answer, { silence: "unreachable" }, String(name));
        }
        // Names that a URL takes for an address are asked nowhere.
        const asked = await page.evaluate(async () => {
          const { isAsked } = await import("./page/domain.js");
          const ids = ["127.0.0.1", "10.1", "a.0x7f", "a.b1", "xn--nergie-9ua.example"];
          return ids.map((id) => isAsked(id));
        });
        assert.deepEqual(asked, [false, false, false, true, true]);
      },
      { expected: /Content Security Policy/ },
    );
    assert.equal(domain.asked.length, before);
  });
}
