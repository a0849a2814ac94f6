// What an honest ledger is asked, and what the page says.
import assert from "node:assert/strict";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { answers, bring, loaded, press, until, visit } from "./browser.js";

const LARGE_BYTES = 200 * 1024 * 1024;

export function verifying(world) {
  const open = (use, options) =>
    visit(world.browser, `${world.ledger.url}/${options?.path ?? ""}`, use, options);
  const file = (name) => world.ledger.file(name);

  for (const [name, outcome, words] of [
    ["certified.pdf", "certified", "Certified"],
    ["revoked.pdf", "revoked", "Withdrawn"],
    ["superseded.txt", "superseded", "Replaced"],
    ["distrusted.pdf", "distrusted", "No longer trusted"],
    ["altered.pdf", "unknown", "Unknown"],
    ["sha-256.txt", "certified", "Certified"],
  ]) {
    test(`${name} is ${outcome}`, () =>
      open(async (page, { requests }) => {
        assert.deepEqual(await bring(page, file(name)), [outcome]);
        assert.equal(await page.textContent(".answer h2"), words);
        const announced = await page.textContent("#status");
        assert.ok(announced.startsWith(`${words}. `), announced);
        const status = requests.filter((path) => path.startsWith("/status/"));
        assert.equal(status.length, 2);
        assert.ok(requests.every((path) => !path.startsWith("/verify")));
        const steps = await page.$$(".steps > li.passed");
        assert.equal(steps.length, outcome === "unknown" ? 0 : 10);
        const text = await page.textContent("#answers");
        assert.doesNotMatch(text, /fake|forged/i);
        if (outcome === "unknown") assert.match(text, /rests on the ledger’s word/);
        else
          assert.match(text, outcome === "distrusted" ? /Korrigan Télécom/ : /Énergie du Ponant/);
      }));
  }

  test("a replaced document leads to the one in its place", () =>
    open(async (page) => {
      await bring(page, file("superseded.txt"));
      await page.click(".known a[href^='#blake3:']");
      await page.waitForSelector("[data-outcome=linked]");
      assert.match(
        await page.textContent(".fingerprints"),
        new RegExp(await world.ledger.fingerprint("replacement.txt")),
      );
    }));

  test("a link opens straight on the verdict", async () => {
    const path = `#${await world.ledger.fingerprint("revoked.pdf")}`;
    await open(
      async (page) => {
        assert.deepEqual(await answers(page), ["revoked"]);
        // Another link on the same page; and one that was damaged, under which nothing is left.
        const other = await world.ledger.fingerprint("certified.pdf");
        await page.evaluate((hash) => {
          location.hash = hash;
        }, other);
        await page.waitForSelector("[data-outcome=linked]");
        await page.evaluate(() => {
          location.hash = "blake3:12";
        });
        await page.waitForSelector("[data-outcome=damaged]");
        await page.evaluate((hash) => {
          location.hash = hash;
        }, other);
        await page.waitForSelector("[data-outcome=linked]");
        await page.evaluate((hash) => {
          location.hash = hash.toUpperCase();
        }, path);
        await page.waitForSelector("[data-outcome=damaged]");
        // An anchor of the page is no link to a document, and a document that was brought stays.
        await bring(page, file("certified.pdf"));
        for (const hash of ["main", "whatever", ""]) {
          await page.evaluate((hash) => {
            location.hash = hash;
          }, hash);
          assert.deepEqual(await answers(page), ["certified"], hash);
        }
      },
      { path },
    );
  });

  test("several documents are answered one by one", () =>
    open(async (page) => {
      const names = [
        "certified.pdf",
        "revoked.pdf",
        "superseded.txt",
        "distrusted.pdf",
        "altered.pdf",
      ];
      const outcomes = await bring(page, ...names.map(file));
      assert.deepEqual(outcomes, ["certified", "revoked", "superseded", "distrusted", "unknown"]);
      assert.deepEqual(
        await page.$$eval(".answer .document", (all) => all.map((one) => one.textContent)),
        names,
      );
      await page.waitForFunction(
        () => document.querySelector("#status").textContent === "5 answers are there.",
      );
    }));

  test("documents that are dropped are taken as those that are chosen", () =>
    open(async (page) => {
      const bytes = (await readFile(file("certified.pdf"))).toString("base64");
      await page.evaluate((bytes) => {
        const data = new DataTransfer();
        data.items.add(
          new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], "facture.pdf"),
        );
        document
          .querySelector("h1")
          .dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }),
          );
      }, bytes);
      assert.deepEqual(await answers(page), ["certified"]);
      assert.equal(await page.textContent(".answer .document"), "facture.pdf");
    }));

  test("a proof with its document needs no network", () =>
    open(async (page, { context, requests }) => {
      await loaded(page);
      await press(page, "Pin it");
      await answers(page); // What was there is asked again.
      await context.setOffline(true);
      const before = requests.length;
      assert.deepEqual(await bring(page, file("certified.pdf"), file("certified.pdf.proof")), [
        "certified",
      ]);
      assert.match(await page.textContent("#answers"), /no network was used/);
      assert.match(await page.textContent("#status"), /That stood .* ago, at block 3\./);
      // What it knew when it was made: its own age is said, and no more is claimed.
      assert.match(
        await page.textContent("#answers"),
        /Whether it was withdrawn since, only the ledger knows/,
      );
      assert.deepEqual(await bring(page, file("revoked.pdf"), file("revoked.pdf.proof")), [
        "certified",
      ]);
      assert.deepEqual(await bring(page, file("altered.pdf"), file("certified.pdf.proof")), [
        "altered",
      ]);
      assert.deepEqual(await bring(page, file("certified.pdf.proof")), ["alone"]);
      const broken = await readFile(file("certified.pdf.proof"));
      broken[broken.length >> 1] ^= 1;
      await writeFile(file("broken.pdf.proof"), broken);
      assert.deepEqual(await bring(page, file("certified.pdf"), file("broken.pdf.proof")), [
        "refused",
      ]);
      const pairs = [
        "certified.pdf",
        "certified.pdf.proof",
        "superseded.txt",
        "superseded.txt.proof",
      ].map(file);
      assert.deepEqual(await bring(page, ...pairs), ["certified", "certified"]);
      assert.deepEqual(requests.slice(before), []);
      // With the network back the ledger can be asked too.
      await bring(page, file("revoked.pdf"), file("revoked.pdf.proof"));
      await context.setOffline(false);
      await press(page, "Ask the ledger too");
      await page.waitForSelector("[data-outcome=revoked]");
    }));

  test("where the ledger is out of reach, no verdict is given", () =>
    open(
      async (page, { context }) => {
        await loaded(page);
        await context.setOffline(true);
        assert.deepEqual(await bring(page, file("certified.pdf")), ["unreachable"]);
        await context.setOffline(false);
        await press(page, "Ask again");
        await page.waitForSelector("[data-outcome=certified]");
      },
      { expected: /ERR_INTERNET_DISCONNECTED/ },
    ));

  test("the proof that is saved is one that the command line takes", () =>
    open(async (page) => {
      await bring(page, file("certified.pdf"));
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        press(page, "Save the proof"),
      ]);
      assert.equal(download.suggestedFilename(), "certified.pdf.proof");
      const saved = join(world.ledger.folder, "saved.proof");
      await download.saveAs(saved);
      const said = await world.ledger.probant("verify", "certified.pdf", "--proof", saved);
      assert.match(said, /^certified /);
    }));

  test("a ledger that hangs holds up the next document for no longer", () =>
    visit(
      world.browser,
      "about:blank",
      async (page) => {
        let asked = 0;
        // Never answered.
        await page.route("**/status/**", (route) => (asked++ < 2 ? null : route.continue()));
        await page.goto(world.ledger.url);
        await page.setInputFiles("#files", file("revoked.pdf"));
        await until(() => asked === 2);
        assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
      },
      { expected: /^asked 127/ },
    ));

  test("a proof that cannot be read is no fault of the page", () =>
    open(async (page) => {
      await loaded(page);
      await page.evaluate(() => {
        Blob.prototype.arrayBuffer = () =>
          Promise.reject(new DOMException("gone", "NotFoundError"));
      });
      assert.deepEqual(await bring(page, file("certified.pdf"), file("certified.pdf.proof")), [
        "unreadable",
      ]);
    }));

  test("what a prefix hides is said, and no more", async () => {
    const notes = (page) => page.textContent(".notes");
    world.proxy.target = world.ledger.url;
    world.proxy.twist = (path, json) => {
      if (!path.startsWith("/prefixes/blake3") || json?.documents.length !== 1) return null;
      const [document] = json.documents;
      const another = document.fingerprint.slice(0, -1) + (/0$/.test(document.fingerprint) ? 1 : 0);
      const unlike = { fingerprint: another, verdict: "unknown", certifications: [], proofs: [] };
      return { json: { ...json, documents: [document, unlike] } };
    };
    await open(
      async (page) => {
        await page.check("#prefix");
        await bring(page, file("certified.pdf"));
        assert.match(await notes(page), /Only 1 document begins so: the ledger can tell which/);
        // Its entry is not asked for either, by a click in passing.
        assert.match(await page.textContent(".known"), /block 3, entry 6/);
        assert.equal(await page.$(".known a"), null);
        await bring(page, file("altered.pdf"));
        assert.match(await notes(page), /No document on this ledger begins so/);
        await page.goto(world.proxy.url);
        await page.check("#prefix");
        await bring(page, file("certified.pdf"));
        assert.match(await notes(page), /may be any of 2 documents that begin so, or none/);
      },
      { expected: /^asked 127/ },
    );
    world.proxy.twist = null;
  });

  test("by a prefix the ledger is never told which document it is", () =>
    open(async (page, { requests }) => {
      await page.check("#prefix");
      assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
      assert.match(await page.textContent("#answers"), /first 4 digits/);
      assert.deepEqual(await bring(page, file("revoked.pdf"), file("altered.pdf")), [
        "revoked",
        "unknown",
      ]);
      // It stays chosen, for links too.
      await page.reload();
      assert.ok(await page.isChecked("#prefix"));
      const asked = requests.filter((path) => /^\/(status|documents|prefixes)\//.test(path));
      assert.ok(
        asked.length === 6 &&
          asked.every((path) => /^\/prefixes\/(blake3|sha-256):[0-9a-f]{4}$/.test(path)),
        asked.join(),
      );
    }));

  test("of several certifications the one that stands is the answer, and the others are shown", () =>
    open(async (page) => {
      assert.deepEqual(await bring(page, file("twice.txt")), ["certified"]);
      assert.match(await page.textContent(".known"), /Énergie du Ponant/);
      await page.click("text=1 other certification");
      assert.match(
        await page.textContent(".others"),
        /in the name of Korrigan Télécom, with a key that was in other hands/,
      );
    }));

  test("where no worker starts, documents are hashed without it", () =>
    visit(
      world.browser,
      "about:blank",
      async (page) => {
        await page.route("**/hashing-worker.js", (route) => route.abort());
        await page.goto(world.ledger.url);
        assert.deepEqual(await bring(page, file("certified.pdf")), ["certified"]);
        assert.deepEqual(await bring(page, file("revoked.pdf")), ["revoked"]);
      },
      { expected: /^asked 127|ERR_FAILED/ },
    ));

  test("200 MB are hashed beside the page, which stays alive", async () => {
    await writeFile(file("large.bin"), "");
    await truncate(file("large.bin"), LARGE_BYTES);
    await open(async (page) => {
      // A frame is drawn and a button answers while the document is read. It is looked for in the
      // page: from here it might be too late.
      const alive = page.evaluate(async () => {
        const at = (selector) => document.querySelector(selector);
        const frame = () => new Promise(requestAnimationFrame);
        while (!(at("#answers progress")?.value > 0 || at("[data-outcome]"))) await frame();
        await frame();
        at("[data-language=fr]").click();
        return { says: at("h1").textContent, isRead: !at("#answers .waiting") };
      });
      const [seen] = await Promise.all([alive, page.setInputFiles("#files", file("large.bin"))]);
      assert.deepEqual(seen, { says: "Ce document est-il certifié\u00a0?", isRead: false });
      await page.waitForSelector("[data-outcome=unknown]");
      const shown = await page.$$eval(".fingerprints code", (all) =>
        all.map((one) => one.textContent),
      );
      const hashed = (hash) => world.ledger.probant("fingerprint", "large.bin", "--hash", hash);
      const said = (await Promise.all(["blake3", "sha-256"].map(hashed))).map(
        (line) => line.split(" ")[0],
      );
      assert.deepEqual(shown, said);
    });
  });
}
