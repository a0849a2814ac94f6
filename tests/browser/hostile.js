// A ledger that lies, in each way that it could, and what the page says: that the answer does
// not hold. It never says what the ledger wanted it to say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, bring, press, visit } from "./browser.js";
import { eachProof, flipped } from "./proxy.js";

const MINUTE_MS = 60_000;

export function hostile(world) {
  const file = (name) => world.ledger.file(name);
  const ask = (fingerprint) =>
    fetch(`${world.ledger.url}/status/${fingerprint}`).then((answer) => answer.json());

  /** Lies to a page by `twist`, while `use` looks at it. */
  async function lying(twist, use, options) {
    world.proxy.target = world.ledger.url;
    world.proxy.twist = twist;
    await visit(world.browser, world.proxy.url, use, options);
  }

  /** The outcome for a document of each change to what is answered about its BLAKE3. */
  function said(name, changes, outcome, code, options) {
    return lying(
      null,
      async (page) => {
        for (const change of [changes].flat()) {
          world.proxy.twist = (path, json) =>
            path.startsWith("/status/blake3") ? change(json) : null;
          assert.deepEqual(await bring(page, file(name)), [outcome], String(change));
          if (outcome === "lie") {
            assert.match(await page.textContent("#answers"), /does not hold/);
            assert.ok(await page.$(".answer.stop"), "it is a red stop");
            assert.equal(await page.getByRole("button", { name: "Save the proof" }).count(), 0);
          }
          if (code) assert.match(await page.textContent(".details"), code);
        }
      },
      options,
    );
  }

  test("a bit of the proof is flipped", () =>
    lying(null, async (page) => {
      const unchecked = [];
      for (const at of Array.from({ length: 24 }, (_, place) => place / 23)) {
        world.proxy.twist = (path, json) =>
          path.startsWith("/status/blake3") ? eachProof(json, (bytes) => flipped(bytes, at)) : null;
        const [outcome] = await bring(page, file("certified.pdf"));
        if (outcome === "lie") continue;
        // No browser verifies ML-DSA-44: what is signed by it alone says so of itself.
        assert.equal(outcome, "certified", String(at));
        assert.match(await page.textContent("#answers"), /not checked: browsers do not know ML-DSA-44/);
        unchecked.push(at);
      }
      // Two signatures of 2,420 bytes, one in base64, of a proof of 11 kB.
      assert.ok(unchecked.length < 14, `${unchecked}`);
    }));

  test("the proof is of another document", async () => {
    const { proofs } = await ask(await world.ledger.fingerprint("revoked.pdf"));
    await said("certified.pdf", (json) => ({ json: { ...json, proofs } }), "lie", /document: /);
  });

  test("an altered document is said to be certified, with the proofs of the original", async () => {
    const original = await ask(await world.ledger.fingerprint("certified.pdf"));
    const fingerprint = await world.ledger.fingerprint("altered.pdf");
    const certifications = original.certifications.map((one) => ({ ...one, fingerprint }));
    await said(
      "altered.pdf",
      () => ({ json: { ...original, fingerprint, certifications } }),
      "lie",
      /document: /,
    );
  });

  test("the answer is about another document altogether", async () => {
    const json = await ask(await world.ledger.fingerprint("certified.pdf"));
    await said("altered.pdf", () => ({ json }), "lie", /malformed: /);
  });

  test("it says certified, and shows nothing", () =>
    said("certified.pdf", (json) => ({ json: { ...json, proofs: [] } }), "lie", /answer: /));

  test("it says certified, and lists nothing", () =>
    said(
      "altered.pdf",
      (json) => ({ json: { ...json, verdict: "certified" } }),
      "lie",
      /answer: /,
    ));

  test("it says that what was withdrawn is certified", () =>
    said(
      "revoked.pdf",
      (json) => {
        const certifications = json.certifications.map((one) => ({
          ...one,
          verdict: "certified",
          fall: null,
        }));
        return { json: { ...json, verdict: "certified", certifications } };
      },
      "lie",
      /verdict: it says certified, and the proof shows revoked/,
    ));

  test("it says that what is certified was withdrawn", () =>
    said(
      "certified.pdf",
      (json) => {
        const certifications = json.certifications.map((one) => ({ ...one, verdict: "revoked" }));
        return { json: { ...json, verdict: "revoked", certifications } };
      },
      "lie",
      /verdict: /,
    ));

  test("it says unknown, and lists a certification", () =>
    said(
      "certified.pdf",
      (json) => ({ json: { ...json, verdict: "unknown" } }),
      "lie",
      /answer: /,
    ));

  test("it says unknown alone: that is its word, and the page says so", () =>
    said(
      "certified.pdf",
      (json) => ({ json: { ...json, verdict: "unknown", certifications: [], proofs: [] } }),
      "unknown",
    ));

  test("it names another issuer, time or replacement than the proof", async () => {
    const one = (change) => (json) => ({
      json: {
        ...json,
        certifications: json.certifications.map((one) => ({ ...one, ...change(one, json) })),
      },
    });
    const changes = [{ issuer: "telecom.example" }, { time_ms: 0 }, { block: 0 }, { entry: 7 }];
    await said(
      "certified.pdf",
      changes.map((change) => one(() => change)),
      "lie",
      /answer: /,
    );
    await said(
      "superseded.txt",
      one(({ fall }, { fingerprint }) => ({ fall: { ...fall, replacement: fingerprint } })),
      "lie",
      /replacement: /,
    );
  });

  test("an old proof is shown under a new head", () =>
    lying(
      (path, json) => {
        if (!path.startsWith("/status/")) return null;
        const { height, size, time_ms } = json.head;
        const head = { height: height + 1, size: size + 2, time_ms: time_ms + 1 };
        return { json: { ...json, head } };
      },
      async (page) => {
        assert.deepEqual(await bring(page, file("certified.pdf")), ["lie"]);
        assert.match(await page.textContent(".details"), /of the head: /);
      },
    ));

  test("what was said is 11 minutes old", () =>
    lying(null, async (page) => {
      await page.clock.setFixedTime(Date.now() + 11 * MINUTE_MS);
      assert.deepEqual(await bring(page, file("certified.pdf"), file("altered.pdf")), [
        "stale",
        "stale",
      ]);
      assert.match(
        await page.textContent("#answers"),
        /sealed 1\d minutes ago; 10 minutes are allowed/,
      );
      assert.equal(await page.getByRole("button", { name: "Save the proof" }).count(), 0);
    }));

  test("what was said is of a time that has not come", () =>
    lying(null, async (page) => {
      await page.clock.setFixedTime(Date.now() - 30 * MINUTE_MS);
      assert.deepEqual(await bring(page, file("certified.pdf")), ["ahead"]);
    }));

  test("what it says is not what a ledger says", () => {
    const changes = [
      { verdict: "perfect" },
      { certifications: {} },
      { head: { height: -1 } },
      { proofs: [{ entry: 6, proof: "<b>" }] },
      { head: { height: 1e300, size: 1, time_ms: 1 } },
      { certifications: [null] },
      { proofs: Array(17).fill({ entry: 6, proof: "" }) },
    ];
    return said(
      "certified.pdf",
      changes.map((change) => (json) => ({ json: { ...json, ...change } })),
      "lie",
      /malformed: /,
    );
  });

  test("its answer never ends", () =>
    said(
      "certified.pdf",
      () => ({ body: Buffer.alloc(25 << 20, 0x20) }),
      "lie",
      /malformed: .*more than/,
    ));

  test("what answers is a portal that wants a password", () =>
    said(
      "certified.pdf",
      () => ({ headers: { "content-type": "text/html" }, body: "<h1>Welcome</h1>" }),
      "unreachable",
    ));

  test("it is busy, and is asked again when it says so", () => {
    let asked = 0;
    const busy = () =>
      ++asked < 3 ? { status: 503, headers: { "retry-after": "0" }, body: "" } : null;
    const options = { expected: /503 \(Service Unavailable\)/ };
    return said("certified.pdf", busy, "certified", null, options).then(() =>
      assert.equal(asked, 3),
    );
  });

  test("a proof in the answer to a prefix is wrong", () =>
    lying(
      (path, json) =>
        path.startsWith("/prefixes/") && json
          ? {
              json: {
                ...json,
                documents: json.documents.map((one) => ({
                  ...one,
                  ...eachProof(one, (bytes) => flipped(bytes, 0.5)).json,
                })),
              },
            }
          : null,
      async (page) => {
        await page.check("#prefix");
        assert.deepEqual(await bring(page, file("certified.pdf")), ["lie"]);
      },
    ));

  test("no prefix is ever long enough for it: the whole fingerprint is not given away", () => {
    const problem = {
      type: "/problems/prefix-too-short",
      title: "x",
      status: 400,
      detail: "one more digit",
    };
    const headers = { "content-type": "application/problem+json" };
    return lying(
      (path) => (path.startsWith("/prefixes/") ? { status: 400, headers, json: problem } : null),
      async (page, { requests }) => {
        await page.check("#prefix");
        assert.deepEqual(await bring(page, file("certified.pdf")), ["curious"]);
        const longest = () => Math.max(...requests.map((path) => path.split(":")[1]?.length ?? 0));
        assert.equal(longest(), 8);
        // Any issuer can bring that about on an honest ledger: who wants to goes on, and knows it.
        await press(page, "Ask by the whole fingerprint");
        await page.waitForSelector("[data-outcome=certified]");
        assert.equal(longest(), 64);
        assert.doesNotMatch(await page.textContent(".answer"), /first 8 digits/);
      },
      { expected: /400 \(Bad Request\)/ },
    );
  });

  test("the explorer takes nothing for markup, and says where the chain is broken", () =>
    lying(
      (path, json) => {
        if (path === "/issuers")
          return {
            json: json.map((one) => ({ ...one, legal_name: "<img src=x onerror=alert(1)>" })),
          };
        if (path !== "/explorer") return null;
        json.blocks[2].statement = "0".repeat(64);
        return { json };
      },
      async (page) => {
        await page.goto(`${world.proxy.url}/explorer.html`);
        await page.waitForSelector(".chain .broken");
        assert.equal((await page.$$(".chain .broken")).length, 1);
        assert.match(
          await page.textContent(".chain .broken"),
          /the chain that this ledger shows is broken/,
        );
        await page.click("text=Issuers");
        await page.waitForSelector("text=<img src=x onerror=alert(1)>");
        assert.equal(await page.$("#view img"), null);
      },
    ));

  test("a hostile link gives nothing but an answer", () =>
    lying(
      null,
      async (page) => {
        await page.goto(`${world.proxy.url}/#blake3:${"0".repeat(64)}`);
        assert.deepEqual(await answers(page), ["unknown"]);
        await page.goto(`${world.proxy.url}/explorer.html#block/..%2f..%2fissuers`);
        await page.waitForSelector("#trouble .stop");
        await page.goto(`${world.proxy.url}/explorer.html#block/999`);
        await page.waitForSelector("text=There is nothing here");
      },
      { expected: /404 \(Not Found\)/ },
    ));
}
