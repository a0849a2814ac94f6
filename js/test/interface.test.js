// What others see of the verifier: whole verdicts, whole refusals, the README, and the types.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as verifier from "../index.js";
import { vector } from "./vector.js";

const { identityOfGenesis, Refused, verifyProof } = verifier;
const run = promisify(execFile);
const HOME = fileURLToPath(new URL("..", import.meta.url));
const LEDGER = "574d96d0143a86dca09a862aee1d7749dd017a5fab3d8255e0838d89e6e5011c";
const IDENTITY = `ledger.example/fr+${LEDGER}`;
const STEPS = [
  "form",
  "document",
  "registry",
  "statement",
  "head",
  "paths",
  "sealed",
  "first-receipt",
  "statuses",
];

function verify(name) {
  const { bytes, inputs } = vector(name);
  return verifyProof(bytes, inputs.get("identity")[0], inputs.get("document"));
}

async function withFolder(act) {
  const folder = await mkdtemp(join(tmpdir(), "probant-verify-"));
  try {
    return await act(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a whole verdict: certified", async () => {
  const { steps, ...verdict } = await verify("proof_of_a_single_document");
  assert.deepEqual(verdict, {
    standing: "certified",
    fingerprint: "blake3:bc429fe2d1fdd3f69012e7ba7e6f5376d2e872acbddb8da3532ebc0686aed618",
    issuer: {
      id: "energie.example",
      legalName: "Énergie du Ponant",
      country: "FR",
      registration: "123456789",
    },
    issuerState: null,
    key: {
      kid: "1d55826ba1bf8dbbda562bdeef6ba8d43e9b32b97d5840a79170dddb9d572056",
      state: null,
    },
    mediaType: "application/pdf",
    entry: 6,
    listCount: 1,
    position: 0,
    sealed: { height: 2, timeMs: 1790000000200, size: 9 },
    head: { height: 4, timeMs: 1790000000400, size: 12 },
    fall: null,
    ledger: { origin: "ledger.example/fr", ledger: LEDGER, identity: IDENTITY },
    checkpoint: null,
    timestamps: 0,
    witnessed: null,
  });
  assert.deepEqual(
    steps.map(({ name }) => name),
    STEPS,
  );
  // Plain values, to be shown and stored: nothing is lost, and no BigInt is among them.
  assert.deepEqual(JSON.parse(JSON.stringify(steps)), steps);
});

test("cosignatures: who counts, and what cannot be checked here", async () => {
  const { bytes, inputs } = vector("proof_with_a_quorum");
  const policy = verifier.parsePolicy(vector("policy_two_of_three").bytes);
  const by = (more) =>
    verifyProof(bytes, inputs.get("identity")[0], inputs.get("document"), { policy, ...more });
  const { witnessed, checkpoint, steps } = await by({});
  const one = { name: "witness1.example", firstS: 1790000100 };
  const unchecked = ["witness3.example"];
  assert.deepEqual(witnessed, { quorum: false, by: [one], unchecked, notAfterS: null });
  assert.ok(checkpoint.startsWith("ledger.example/fr\n12\n"));
  assert.equal(steps[9].name, "checkpoint");
  const all = await by({ mlDsa44: (key, message, signature) => signature.length === 2420 });
  assert.deepEqual(all.witnessed, {
    quorum: true,
    by: [one, { name: "witness3.example", firstS: 1790000100 }],
    unchecked: [],
    notAfterS: 1790000100,
  });
  await assert.rejects(by({ mlDsa44: () => false }), { code: "signature" });
  const none = verifier.parsePolicy(new TextEncoder().encode("quorum none\n"));
  assert.equal((await by({ policy: none })).witnessed.quorum, true);
});

test("the second line of a checkpoint: signed, unchecked or refused", async () => {
  const { bytes, inputs } = vector("proof_ml_dsa_line");
  const by = async (more) => {
    const document = inputs.get("document");
    const { steps } = await verifyProof(bytes, inputs.get("identity")[0], document, more);
    return steps[9].facts.mlDsa44;
  };
  assert.equal(await by({}), "unchecked");
  assert.equal(await by({ mlDsa44: () => true }), "signed");
  await assert.rejects(by({ mlDsa44: () => false }), { code: "signature" });
  // What nothing here can check is no signature of the log that a policy wants.
  const policy = verifier.parsePolicy(vector("policy_of_the_ml_dsa_log").bytes);
  await assert.rejects(by({ policy }), { code: "signature" });
});

test("verdicts: superseded by which, suspended since, distrusted", async () => {
  const superseded = await verify("proof_of_a_document_superseded");
  assert.equal(superseded.standing, "superseded");
  assert.deepEqual(superseded.fall, {
    reason: "superseded",
    timeMs: 1790000000300,
    entry: 10,
    replacement: "blake3:90f94c1acd8a03fa3ddb499b414ab1f63bba0b89eb77249f9ed77cbcab7ca75c",
  });
  assert.equal(superseded.listCount, 40);
  assert.equal(superseded.position, 11);
  const suspended = await verify("proof_of_a_suspended_issuer");
  assert.equal(suspended.standing, "certified");
  assert.deepEqual(suspended.issuerState, { state: "suspended", sinceMs: 1790000000300 });
  const distrusted = await verify("proof_of_a_document_revoked_by_a_key_reported");
  assert.equal(distrusted.standing, "distrusted");
  assert.equal(distrusted.fall, null);
  const state = { state: "compromised", sinceMs: 1790000000200, entry: 12 };
  assert.deepEqual(distrusted.key.state, state);
});

test("a refusal carries its code, its step, and the steps passed before", async () => {
  const refused = await verify("proof_statuses_that_hide_the_fall").catch((error) => error);
  assert.ok(refused instanceof Refused);
  assert.equal(refused.code, "path-root");
  assert.equal(refused.step, "statuses");
  assert.deepEqual(
    refused.steps.map(({ name }) => name),
    STEPS.slice(0, 8),
  );
});

test("an argument that is wrong is refused before the first step", async () => {
  const { bytes, inputs } = vector("proof_of_a_single_document");
  const [document] = inputs.get("document");
  const refused = { name: "Refused", step: null, steps: [] };
  const trimmed = verifyProof(bytes, `${IDENTITY}\n`, [document]);
  await assert.rejects(trimmed, { ...refused, code: "origin" });
  const capitals = verifyProof(bytes, IDENTITY, [document.toUpperCase()]);
  await assert.rejects(capitals, { ...refused, code: "fingerprint" });
});

test("bytes that change while signatures are awaited change nothing", async () => {
  const { bytes, inputs } = vector("proof_of_a_single_document");
  for (const copy of [bytes.slice(), Buffer.from(bytes)]) {
    const verdict = verifyProof(copy, IDENTITY, inputs.get("document"));
    copy.fill(0);
    assert.equal((await verdict).standing, "certified");
  }
});

test("the identity of a ledger follows from its first block, and from no other", async () => {
  const genesis = vector("block_0_genesis").bytes;
  assert.deepEqual(await identityOfGenesis(genesis), { identity: IDENTITY });
  const forged = identityOfGenesis(vector("block_0_forged").bytes);
  await assert.rejects(forged, { name: "Refused", code: "signature" });
  const second = identityOfGenesis(vector("block_1_enroll").bytes);
  await assert.rejects(second, { name: "Refused", code: "misplaced" });
});

test("a block that is refused leaves the chain as it was", async () => {
  const genesis = await new verifier.Chain().replay(vector("block_0_genesis").bytes);
  const enrolled = await genesis.replay(vector("block_1_enroll").bytes);
  // The last check of a replay: all that the block changes was done before it.
  const late = vector("block_seal_of_another_root").bytes;
  await assert.rejects(enrolled.replay(late), { name: "Refused", code: "signature" });
  const certified = await enrolled.replay(vector("block_2_certify").bytes);
  assert.equal(certified.identity(), IDENTITY);
  await genesis.replay(vector("block_1_enroll").bytes);
});

test("where WebCrypto has no Ed25519, that is said, and nothing is verified", async () => {
  const { bytes, inputs } = vector("proof_of_a_single_document");
  const given = [[...bytes], IDENTITY, inputs.get("document")];
  const program = (withoutEd25519) => `
    const say = console.log;
    ${withoutEd25519}
    const { hasEd25519, verifyProof } = await import(${JSON.stringify(join(HOME, "index.js"))});
    const [bytes, identity, documents] = ${JSON.stringify(given)};
    const error = await verifyProof(Uint8Array.from(bytes), identity, documents).catch((e) => e);
    say(await hasEd25519(), error.name, /HTTPS or localhost/.test(error.message));
  `;
  const older = `
    globalThis.crypto ??= (await import("node:crypto")).webcrypto;
    crypto.subtle.importKey = async () => { throw new Error("unrecognized"); };
  `;
  const crypto = 'Object.defineProperty(globalThis, "crypto", { value: {} });';
  const http = `${crypto} globalThis.process = undefined;`;
  for (const without of [older, http]) {
    const running = run(process.execPath, ["--input-type=module", "-"]);
    running.child.stdin.end(program(without));
    assert.equal((await running).stdout, "false Error true\n", without);
  }
});

test("the sections of the format that the code cites exist", async () => {
  const format = await readFile(join(HOME, "..", "docs", "format.md"), "utf8");
  const sections = new Set(
    [...format.matchAll(/^#+ ([0-9.]*[0-9])/gm)].map(([, number]) => number),
  );
  const cited = [];
  for (const file of (await readdir(HOME)).filter((name) => name.endsWith(".js"))) {
    const text = (await readFile(join(HOME, file), "utf8")).replaceAll(/\n(?:\/\/| \*)/g, "");
    for (const [, number] of text.matchAll(/format\.md ([0-9.]*[0-9])/g))
      cited.push([file, number]);
  }
  assert.ok(cited.length > 20);
  assert.deepEqual(
    cited.filter(([, number]) => !sections.has(number)),
    [],
  );
});

test("the README's program runs", async () => {
  const [, program] = /```js\n([^]*?)```/.exec(await readFile(join(HOME, "README.md"), "utf8"));
  await withFolder(async (folder) => {
    const [document, proof] = [join(folder, "bill"), join(folder, "bill.proof")];
    await writeFile(document, "facture 1");
    await writeFile(proof, vector("proof_of_a_single_document").bytes);
    // On standard input it is a module of this folder, which knows the package by its name.
    const running = run(process.execPath, ["--input-type=module", "-", document, proof, IDENTITY], {
      cwd: HOME,
    });
    running.child.stdin.end(program);
    const { stdout } = await running;
    assert.deepEqual(stdout.split("\n"), [
      "certified Énergie du Ponant 2026-09-21T14:13:20.200Z",
      "as of 2026-09-21T14:13:20.400Z",
      "",
    ]);
  });
});

/** The README's program, and verdicts as they come: a property too many or too few is an error. */
async function typed() {
  const names = ["single_document", "document_superseded", "suspended_issuer", "document_revoked"];
  const verdicts = await Promise.all(names.map((name) => verify(`proof_of_a_${name}`)));
  return `
    import * as v from "probant-verify";
    export const verdicts: v.Verdict[] = ${JSON.stringify(verdicts)};
    export async function use(blob: Blob, proof: Uint8Array, block: Uint8Array): Promise<string> {
      if (!(await v.hasEd25519())) return "no Ed25519";
      const { identity } = await v.identityOfGenesis(block);
      const { origin }: v.Identity = v.parseIdentity(identity);
      const print = await v.fingerprints(blob, (bytes) => console.log(bytes.toFixed()));
      const kind: number = v.parseFingerprint(print.blake3)[0]! + new v.Blake3().digest()[0]!;
      try {
        const verdict = await v.verifyProof(proof, identity, [print.blake3, print.sha256]);
        const strict: boolean = v.isStrictKey(new v.Sha256().update(proof).digest());
        return origin + kind + verdict.standing + verdict.fall?.replacement + strict;
      } catch (error) {
        if (error instanceof v.Refused) return error.code + error.step + error.steps.length;
        throw error;
      }
    }
    // @ts-expect-error: an identity has to be given
    void v.verifyProof(new Uint8Array(), []);
  `;
}

/** Runs tsc in a folder with these files; what it finds fails the test. */
async function compile(files, compilerOptions) {
  await withFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const common = {
      noEmit: true,
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
    };
    const lib = ["es2022", "dom", "dom.iterable"];
    const config = { compilerOptions: { ...common, lib, types: [], ...compilerOptions } };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(HOME, "node_modules", "typescript", "bin", "tsc");
    const running = run(process.execPath, [compiler, "-p", folder]);
    await running.catch(({ stdout }) => assert.fail(stdout));
  });
}

test("the types are those of what is there", async () => {
  const declared = await readFile(join(HOME, "index.d.ts"), "utf8");
  const values = [...declared.matchAll(/^export (?:function|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(values.sort(), Object.keys(verifier).sort());
  await compile(
    { "usage.ts": await typed() },
    {
      strict: true,
      noUncheckedIndexedAccess: true,
      paths: { "probant-verify": [join(HOME, "index.d.ts")] },
    },
  );
});

test("the code has no name that is unused or unknown, and no argument too many", async () => {
  const program = `import ${JSON.stringify(join(HOME, "proof.js"))};
    import ${JSON.stringify(join(HOME, "chain.js"))};
    import ${JSON.stringify(join(HOME, "checkpoint.js"))};`;
  const node = 'declare module "node:crypto" { export const webcrypto: Crypto; }';
  const checks = { allowJs: true, checkJs: true, noUnusedLocals: true, noUnusedParameters: true };
  await compile({ "program.ts": program, "node.d.ts": node }, checks);
});
