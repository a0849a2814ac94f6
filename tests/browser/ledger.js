// A ledger of the real binary on a free port of loopback, with the bills of samples/: one
// certified, one withdrawn, one replaced, one whose key was stolen. It is made anew for each
// run, and stopped by its own id.
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = process.env.PROBANT_BINARY ?? join(ROOT, "target/debug/probant");
const ORIGIN = "ledger.example/browser";
const ISSUERS = {
  "energie.example": { name: "Énergie du Ponant", registration: "123456789" },
  "telecom.example": { name: "Korrigan Télécom", registration: "987654321" },
};

/** Runs the binary in the ledger's folder. */
const run =
  (folder, env) =>
  async (...command) => {
    const options = { cwd: folder, env: { ...process.env, ...env }, timeout: 300_000 };
    return (await promisify(execFile)(BINARY, command, options)).stdout;
  };

/** Serves, and says where and which ledger it is. */
async function serve(folder, options) {
  const child = spawn(BINARY, ["serve", "--listen", "127.0.0.1:0", ...options], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the ledger ended with ${code}`)));
  });
  const [identity, , , url] = line.split(" ");
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  };
  return { identity, url, stop };
}

async function enroll(probant, id) {
  const { name, registration } = ISSUERS[id];
  await probant("key", "new", `${id}.pem`);
  await probant(
    "issuer",
    "enroll",
    "--id",
    id,
    "--legal-name",
    name,
    "--country",
    "FR",
    "--registration",
    registration,
    "--issuer-key",
    `${id}.pem`,
    "--operator-key",
    "ledger-keys/operator.pem",
  );
}

/** What is certified, and what becomes of it. */
async function certify(probant, folder) {
  const as = (id) => ["--issuer", id, "--key", `${id}.pem`];
  const file = (name) => join(folder, name);
  await cp(join(ROOT, "samples/facture-electricite.pdf"), file("certified.pdf"));
  await cp(join(ROOT, "samples/avis-taxe-fonciere.pdf"), file("revoked.pdf"));
  await cp(join(ROOT, "samples/facture-telecom.pdf"), file("distrusted.pdf"));
  await writeFile(file("superseded.txt"), "Facture 2026-11, 84,20 EUR\n");
  await writeFile(file("replacement.txt"), "Facture 2026-11, 48,20 EUR\n");
  await writeFile(file("sha-256.txt"), "Certifié par un émetteur qui préfère SHA-256\n");
  await writeFile(file("twice.txt"), "Deux émetteurs le disent\n");
  const altered = await readFile(file("certified.pdf"));
  altered[5000] ^= 1;
  await writeFile(file("altered.pdf"), altered);
  await enroll(probant, "energie.example");
  await enroll(probant, "telecom.example");
  const energie = as("energie.example");
  await probant(
    "certify",
    "certified.pdf",
    "revoked.pdf",
    "superseded.txt",
    "replacement.txt",
    ...energie,
  );
  await probant("certify", "--hash", "sha-256", "sha-256.txt", ...energie);
  await probant("revoke", "revoked.pdf", "--reason", "issued-in-error", ...energie);
  await probant("supersede", "superseded.txt", "replacement.txt", ...energie);
  const since = String(Date.now());
  await probant("certify", "distrusted.pdf", "twice.txt", ...as("telecom.example"));
  const kid = /^kid *(\S+)/m.exec(await probant("key", "show", "telecom.example.pem"))[1];
  await probant(
    "key",
    "compromise",
    kid,
    "--since",
    since,
    "--operator-key",
    "ledger-keys/operator.pem",
  );
  await rm(file("twice.txt.proof"));
  await probant("certify", "twice.txt", ...energie);
}

async function make(...options) {
  const folder = await mkdtemp(join(tmpdir(), "probant-browser-"));
  await run(folder, {})("init", "--origin", ORIGIN);
  const { identity, url, stop } = await serve(folder, options);
  const close = async () => {
    await stop();
    await rm(folder, { recursive: true });
  };
  return { folder, identity, url, close };
}

/** A ledger of the same name that nobody writes to; it seals blocks all the same. */
export const openEmptyLedger = () => make("--heartbeat-s", "2");

/** The ledger, served; `file(name)` is where a document of it lies. */
export async function openLedger() {
  const { folder, identity, url, close } = await make();
  const probant = run(folder, { PROBANT_LEDGER: url, PROBANT_IDENTITY: identity });
  await certify(probant, folder);
  const madeMs = Date.now();
  const file = (name) => join(folder, name);
  const fingerprint = async (name) => (await probant("fingerprint", name)).split(" ")[0];
  return { folder, identity, url, madeMs, probant, file, fingerprint, close };
}
