// The page in a real browser, against the real binary: one browser and one ledger for all tests.
// `cargo test --test browser` runs this, and says what is missing.
import { after } from "node:test";
import { openBrowser } from "./browser.js";
import { confirming } from "./confirming.js";
import { openDomain } from "./domain.js";
import { exploring } from "./exploring.js";
import { hostile } from "./hostile.js";
import { openEmptyLedger, openLedger } from "./ledger.js";
import { manners } from "./manners.js";
import { openProxy } from "./proxy.js";
import { strangers } from "./strangers.js";
import { traps } from "./traps.js";
import { verifying } from "./verifying.js";

const domain = await openDomain("energie.example");
const [browser, ledger, other] = await Promise.all([
  openBrowser(domain.flags),
  openLedger(),
  openEmptyLedger(),
]);
const proxy = await openProxy(ledger.url);
after(async () => {
  await browser.close();
  await Promise.all([proxy.close(), domain.close(), ledger.close(), other.close()]);
});

const world = { browser, ledger, other, proxy, domain };
verifying(world);
confirming(world);
hostile(world);
strangers(world);
exploring(world);
manners(world);
// Last: it certifies much, and the others count.
traps(world);
