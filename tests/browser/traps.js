// What would have a clerk take a paper for what it is not: a link in the place of a document, a
// proof from before, a second issuer, an answer of yesterday.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { answers, bring, press, settled, visit } from "./browser.js";

const MINUTE_MS = 60_000;
const OPERATOR = ["--operator-key", "ledger-keys/operator.pem"];
const ENERGIE = ["--issuer", "energie.example", "--key", "energie.example.pem"];

export function traps(world) {
  const { ledger, proxy } = world;
  const { probant, file } = ledger;
  const open = (use, options) =>
    visit(world.browser, `${options?.url ?? ledger.url}/${options?.path ?? ""}`, use, options);

  /** Enrolls an issuer, and gives what it signs with. */
  async function enroll(id, name) {
    const key = `${id}.pem`;
    await probant("key", "new", key);
    const who = ["--id", id, "--legal-name", name, "--country", "FR", "--registration", "1"];
    await probant("issuer", "enroll", ...who, "--issuer-key", key, ...OPERATOR);
    return ["--issuer", id, "--key", key];
  }

  /** Certifies, and leaves no proof behind: the next one has the same name. */
  async function certify(name, as) {
    await rm(file(`${name}.proof`), { force: true });
    await probant("certify", name, ...as);
    await rm(file(`${name}.proof`));
  }

  const withoutPrinter = (page) =>
    page.evaluate(() => {
      globalThis.print = () => {};
    });
  const paper = (page) => page.textContent("#attestation");

  test("a link is not taken for the document", async () => {
    const path = `#${await ledger.fingerprint("certified.pdf")}`;
    await open(
      async (page) => {
        assert.deepEqual(await answers(page), ["linked"]);
        const glance = await page.textContent(".glance");
        assert.match(glance, /Is it the one you hold\?.*No document was read/s);
        assert.doesNotMatch(glance, /exactly these bytes/);
        assert.equal(await page.$(".answer.certified"), null, "no green tick");
        assert.equal(await page.getByRole("button", { name: "Print an attestation" }).count(), 0);
        assert.match(await page.textContent("#status"), /No document was read/);
        const [chooser] = await Promise.all([
          page.waitForEvent("filechooser"),
          press(page, "Choose the document"),
        ]);
        await chooser.setFiles(file("altered.pdf"));
        await page.waitForSelector("[data-outcome=unknown]");
      },
      { path },
    );
  });

  test("an old proof says what was, and not what is", () =>
    open(async (page) => {
      await settled(page);
      await withoutPrinter(page);
      await page.clock.setFixedTime(Date.now() + 11 * MINUTE_MS);
      const old = ["revoked.pdf", "revoked.pdf.proof"].map(file);
      assert.deepEqual(await bring(page, ...old), ["stood"]);
      const warning = /Was certified.*That stood.*Whether it was withdrawn since/s;
      assert.match(await page.textContent(".glance"), warning);
      assert.ok(await page.$(".answer.stood"));
      await press(page, "Print an attestation");
      assert.match(await paper(page), warning);
      const both = ["certified.pdf", "certified.pdf.proof"].map(file);
      assert.deepEqual(await bring(page, ...old, ...both), ["stood", "stood"]);
      assert.equal(await page.locator(".glance .cautions:visible").count(), 2, "not folded away");
      await page.locator("summary:has-text('In detail')").first().click();
      await page.clock.setFixedTime(Date.now());
      await press(page, "Ask the ledger too");
      await page.waitForSelector("[data-outcome=revoked]");
    }));

  test("an issuer does not bury that another one withdrew the same bytes", async () => {
    const mallory = await enroll("mallory.example", "Energie du Ponant");
    await certify("revoked.pdf", mallory);
    const caution = /Énergie du Ponant \(energie\.example\) certified the same bytes too, and with/;
    const glance = (page) => page.textContent(".glance");
    await open(async (page) => {
      await withoutPrinter(page);
      assert.deepEqual(await bring(page, file("revoked.pdf")), ["certified"]);
      assert.match(await glance(page), caution);
      assert.doesNotMatch(await page.textContent(".notes"), /no other issuer says otherwise/);
      assert.ok(await page.$(".answer.contested"), "not in green");
      assert.match(await page.textContent("#status"), caution);
      await press(page, "Print an attestation");
      assert.match(await paper(page), caution);
      assert.deepEqual(await bring(page, file("twice.txt")), ["certified"]);
      assert.equal(await page.$("#answers .cautions"), null, "a stolen key never said anything");
    });
    // More certifications than an answer to a prefix has proofs: those left out are listed still.
    for (let more = 0; more < 4; more++) {
      await new Promise((resolve) => setTimeout(resolve, 1000)); // The same in one second is one.
      await certify("revoked.pdf", mallory);
    }
    await open(async (page) => {
      await page.check("#prefix");
      assert.deepEqual(await bring(page, file("revoked.pdf")), ["certified"]);
      assert.match(await glance(page), /energie\.example certified the same bytes too, and with/);
      assert.match(await page.textContent(".notes"), /2 more certifications/);
    });
  });

  test("one kind of fingerprint does not stand for what was withdrawn under the other", async () => {
    await writeFile(file("both.txt"), "Certifié sous ses deux empreintes\n");
    await certify("both.txt", ENERGIE);
    await certify("both.txt", [...ENERGIE, "--hash", "sha-256"]);
    await probant("revoke", "both.txt", "--reason", "obtained-by-fraud", ...ENERGIE);
    await open(async (page) => {
      const [outcome] = await bring(page, file("both.txt"));
      assert.ok(outcome === "revoked" || (await page.$("#answers .cautions")), outcome);
    });
  });

  test("a stolen key, and a withdrawal by a good one: the ledger is honest", async () => {
    await probant("key", "new", "second.pem");
    const added = ["--issuer", "energie.example", "--new", "second.pem"];
    await probant("key", "add", ...added, ...OPERATOR);
    await writeFile(file("stolen.txt"), "Signé par une clé volée, puis retiré\n");
    const since = String(Date.now());
    await probant("certify", "stolen.txt", "--issuer", "energie.example", "--key", "second.pem");
    await probant("revoke", "stolen.txt", "--reason", "obtained-by-fraud", ...ENERGIE);
    const kid = /^kid *(\S+)/m.exec(await probant("key", "show", "second.pem"))[1];
    await probant("key", "compromise", kid, "--since", since, ...OPERATOR);
    await open(async (page) =>
      assert.deepEqual(await bring(page, file("stolen.txt")), ["distrusted"]),
    );
  });

  test("an answer ages while the page is open", () =>
    open(async (page) => {
      await page.clock.install();
      await page.reload();
      await withoutPrinter(page);
      const names = ["certified.pdf", "altered.pdf", "superseded.txt"];
      const outcomes = () =>
        page.$$eval(".answer", (all) => all.map(({ dataset }) => dataset.outcome));
      assert.deepEqual(await bring(page, ...names.map(file)), [
        "certified",
        "unknown",
        "superseded",
      ]);
      // Printed later, it is as of when it was verified.
      await page.locator("summary:has-text('In detail')").first().click();
      const print = page.getByRole("button", { name: "Print an attestation" }).first();
      await print.click();
      const before = await paper(page);
      await page.clock.runFor(3 * MINUTE_MS);
      assert.match(await page.textContent(".known"), /[3-9] minutes ago/);
      await print.click();
      assert.equal(await paper(page), before);
      await page.clock.runFor(9 * MINUTE_MS);
      assert.deepEqual(await outcomes(), ["aged", "aged", "superseded"], "what fell stays so");
      assert.doesNotMatch(await page.textContent(".answer"), /that stands/);
      await page.click("[data-language=fr]");
      assert.deepEqual(await outcomes(), ["aged", "aged", "superseded"]);
    }));

  test("an answer from before is not taken beside a newer one", async () => {
    await writeFile(file("replayed.txt"), "Retiré, et la réponse d'avant est rejouée\n");
    await probant("certify", "replayed.txt", ...ENERGIE);
    const about = `${ledger.url}/status/${await ledger.fingerprint("replayed.txt")}`;
    const asked = () => fetch(about).then((answer) => answer.json());
    const before = await asked();
    await probant("revoke", "replayed.txt", "--reason", "issued-in-error", ...ENERGIE);
    const { head, verdict } = await asked();
    assert.deepEqual([head.height > before.head.height, verdict], [true, "revoked"]);
    let replays = Infinity;
    proxy.target = ledger.url;
    proxy.twist = (path) =>
      path.startsWith("/status/blake3") && replays-- > 0 ? { json: before } : null;
    await open(
      async (page) => {
        assert.deepEqual(await bring(page, file("replayed.txt")), ["behind"]);
        // A block that was sealed between the two answers is no such thing: it is asked again.
        replays = 1;
        await press(page, "Ask again");
        await page.waitForSelector("[data-outcome=revoked]");
      },
      { url: proxy.url },
    );
    proxy.twist = null;
  });

  test("what rests on the ledger's word is said, and printed with the rest", () =>
    open(async (page) => {
      await withoutPrinter(page);
      await bring(page, file("certified.pdf"));
      await press(page, "Print an attestation");
      for (const text of [await page.textContent(".answer"), await paper(page)]) {
        assert.match(text, /no other issuer says otherwise rests on the ledger’s word/);
        assert.match(text, /the identity that the ledger gives of itself/);
      }
      await bring(page, file("certified.pdf"), file("certified.pdf.proof"));
      assert.match(await page.textContent(".known"), /the ledger was asked who it is/);
    }));

  test("letters that nobody sees are shown, and none turns the others around", async () => {
    const as = await enroll("unseen.example", "Énergie\u3164du Ponant");
    await writeFile(file("unseen.txt"), "Un nom qui n'est pas celui qu'il semble\n");
    await certify("unseen.txt", as);
    await open(async (page) => {
      await bring(page, file("unseen.txt"));
      assert.match(await page.textContent(".says"), /^Énergie\[U\+3164\]du Ponant certified/);
      assert.equal(await page.textContent(".known bdi"), "Énergie[U+3164]du Ponant");
      const name = "\u202efdp.erutcaf";
      await page.setInputFiles("#files", {
        name,
        mimeType: "text/plain",
        buffer: Buffer.from("x"),
      });
      await answers(page);
      assert.equal(await page.textContent(".document bdi"), "[U+202E]fdp.erutcaf");
    });
  });

  test("a long name without blanks fits on a phone", async () => {
    const as = await enroll("long.example", "W".repeat(200));
    await writeFile(file("long.txt"), "Un nom très long\n");
    await certify("long.txt", as);
    const phone = { viewport: { width: 390, height: 800 } };
    const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= 390);
    await open(async (page) => {
      await bring(page, file("long.txt"));
      assert.ok(await fits(page), "the answer");
      for (const view of ["#issuers", "#issuer/long.example"]) {
        await page.goto(`${ledger.url}/explorer.html${view}`);
        await page.waitForSelector("#view h1");
        assert.ok(await fits(page), view);
      }
    }, phone);
  });
}
