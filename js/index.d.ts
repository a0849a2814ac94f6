// Types of the verifier: see index.js. A test holds them to what it answers.

/** A document as it is hashed: in memory, as a file, or as it comes. */
export type Document = Uint8Array | Blob | ReadableStream<Uint8Array>;

/**
 * Both fingerprints of a document, `blake3:…` and `sha-256:…`, read once in little memory.
 * `onProgress` is called with the bytes hashed so far.
 */
export function fingerprints(
  document: Document,
  onProgress?: (bytes: number) => void,
): Promise<{ blake3: string; sha256: string }>;

/**
 * What a proof says of a document. Give both of its fingerprints: a verifier cannot know which was
 * chosen. The identity of the ledger is all that is trusted. Throws `Refused`; and `Error` where
 * `hasEd25519` answers false.
 */
export function verifyProof(
  proof: Uint8Array,
  identity: string,
  fingerprints: string[],
  believed?: { policy?: TrustPolicy; mlDsa44?: MlDsa44 },
): Promise<Verdict>;

/** As of `head`, the newest block that the proof knows. Times are ms since 1970, by the ledger. */
export interface Verdict {
  standing: "certified" | "revoked" | "superseded" | "distrusted";
  /** The fingerprint that was certified. */
  fingerprint: string;
  issuer: { id: string; legalName: string; country: string; registration: string };
  /** Null: nothing was ever said of the issuer. */
  issuerState: { state: "suspended" | "reinstated"; sinceMs: number } | null;
  /** Of the statement; state null: in force since it came. */
  key: { kid: string; state: KeyState | null };
  mediaType: string;
  /** Index of the statement on the ledger. */
  entry: number;
  /** Documents that the statement certifies, and the index of this one among them. */
  listCount: number;
  position: number;
  /** The block that sealed the statement: since when it is certified. */
  sealed: Block;
  head: Block;
  /** Why it is revoked or superseded, and by what. */
  fall: Fall | null;
  ledger: Identity & { identity: string };
  /** The signed note of the head that the proof carries. */
  checkpoint: string | null;
  /** How many RFC 3161 time stamps it carries: nothing here reads them. */
  timestamps: number;
  /** What the cosignatures of the note are worth; null: no policy was given. */
  witnessed: Witnessed | null;
  /** All, in their order: nine, and `checkpoint` where there is one. */
  steps: Step[];
}

/** By a policy. Times are seconds since 1970, by the clocks of witnesses. */
export interface Witnessed {
  quorum: boolean;
  by: { name: string; firstS: number | null }[];
  /** Those whose lines nothing here can check: they do not count. */
  unchecked: string[];
  /** The statement was sealed by then. */
  notAfterS: number | null;
}

export interface KeyState {
  state: "current" | "retired" | "stopped" | "compromised" | "void";
  sinceMs: number;
  entry: number;
}

export interface Block {
  height: number;
  timeMs: number;
  size: number;
}

export interface Fall {
  reason: "unspecified" | "issued-in-error" | "withdrawn" | "obtained-by-fraud" | "superseded";
  timeMs: number;
  entry: number;
  /** The fingerprint of the document that replaces it. */
  replacement: string | null;
}

/** One step of docs/format.md 11.3, passed, and what it found: to be shown. Hashes are hex. */
export type Step =
  | { name: "form"; facts: { bytes: number; kind: string } }
  | {
      name: "document";
      facts: { fingerprint: string; position: number; count: number; root: string };
    }
  | { name: "registry"; facts: Identity & { entries: number[] } }
  | { name: "statement"; facts: { issuer: string; kid: string; keyEntry: number; iat: number } }
  | { name: "head"; facts: Block & { root: string; sealKey: string } }
  | { name: "paths"; facts: { paths: number; root: string } }
  | { name: "sealed"; facts: Block & { first: number } }
  | { name: "first-receipt"; facts: { index: number; root: string; sealKey: string } }
  | {
      name: "statuses";
      facts: { statusRoot: string; paths: number } & Pick<
        Verdict,
        "standing" | "issuerState" | "key" | "fall"
      >;
    }
  | {
      name: "checkpoint";
      facts: {
        size: number;
        root: string;
        noteKey: string;
        /** The ledger's second line, if it is there; without `mlDsa44`, `unchecked`. */
        mlDsa44: "signed" | "unchecked" | null;
      };
    };

export type StepName = Step["name"];

/** All that hostile input can throw. */
export class Refused extends Error {
  /** One of docs/format.md 12: stable, unlike the message. */
  readonly code: string;
  /** Of `verifyProof`: the step that refused (null: an argument), and those passed before. */
  readonly step: StepName | null;
  readonly steps: Step[];
}

export interface Identity {
  origin: string;
  /** The ledger id, 64 hex digits. */
  ledger: string;
}

/** `<origin>+<ledger id>`, in its one spelling. Throws `Refused`. */
export function parseIdentity(text: string): Identity;

/** The 34 bytes of `blake3:…` or `sha-256:…`. Throws `Refused`. */
export function parseFingerprint(text: string): Uint8Array;

/**
 * The identity of the ledger that begins with this block, which is checked wholly. It says what the
 * ledger calls itself, not that it is the one you mean. Throws `Refused`.
 */
export function identityOfGenesis(block0: Uint8Array): Promise<{ identity: string }>;

/** Whether WebCrypto has Ed25519 here: browsers want HTTPS or localhost for it. */
export function hasEd25519(): Promise<boolean>;

/** Whether 32 bytes are a key: a point of the curve, canonical, not of small order. */
export function isStrictKey(key: Uint8Array): boolean;

/**
 * The keys of a COSE key set, as ledgers and the domains of issuers publish theirs: 32 bytes, and the
 * RFC 9679 thumbprint in hex. Throws `Refused`.
 */
export function readKeySet(bytes: Uint8Array): { x: Uint8Array; kid: string }[];

interface Hash {
  update(bytes: Uint8Array): this;
  /** The 32 bytes; more can be taken afterwards. */
  digest(): Uint8Array;
}

export class Blake3 implements Hash {
  update(bytes: Uint8Array): this;
  digest(): Uint8Array;
}

export class Sha256 implements Hash {
  update(bytes: Uint8Array): this;
  digest(): Uint8Array;
}

/** Size and root of a note that the ledger signed; `key` is a strict one. Throws `Refused`. */
export function verifyCheckpoint(
  note: Uint8Array,
  origin: string,
  key: Uint8Array,
): Promise<{ size: bigint; root: Uint8Array }>;

/** Whether a signature is one of ML-DSA-44 (FIPS 204, pure, empty context) by this key. */
export type MlDsa44 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Who signs a note: type 0x01, 0x04 or 0x06 of C2SP. */
export interface VerifierKey {
  name: string;
  type: number;
  key: Uint8Array;
  id: Uint8Array;
}

/** `<name>+<key id>+<base64>`, in its one spelling. Throws `Refused`. */
export function parseVerifierKey(text: string): VerifierKey;

/** Which logs and witnesses are known, and how many make a quorum: C2SP tlog-policy. */
export interface TrustPolicy {
  logs: VerifierKey[];
  witnesses: { name: string; key: VerifierKey }[];
}

/** Throws `Refused`, with the number of the line. */
export function parsePolicy(policy: Uint8Array): TrustPolicy;

/** Times are seconds since 1970, by the clocks of witnesses. */
export interface JudgedCheckpoint {
  checkpoint: { origin: string; size: bigint; root: Uint8Array };
  /** Witnesses of the policy that cosigned it. */
  witnessed: { name: string; firstS: bigint | null; lastS: bigint | null }[];
  /** Those whose lines nothing here can check: they do not count. */
  unchecked: string[];
  quorum: boolean;
  /** What the tree holds was there by then. */
  notAfterS: bigint | null;
  /** What it does not hold, the witnesses had not been shown by then. */
  notShownBeforeS: bigint | null;
}

/**
 * A note that a log of the policy signed, or `log`, where it lists none; what its cosignatures are worth. No engine has
 * ML-DSA-44 everywhere: without `mlDsa44`, its lines are `unchecked`. Throws `Refused`.
 */
export function judgeCheckpoint(
  note: Uint8Array,
  policy: TrustPolicy,
  known?: { log?: VerifierKey; mlDsa44?: MlDsa44 },
): Promise<JudgedCheckpoint>;

/**
 * That an entry is in the tree of the checkpoint of a `c2sp.org/tlog-proof@v1`, and what its
 * cosignatures are worth; `carriesEntry`: it is the proof's extra data. Throws `Refused`.
 */
export function verifyTlogProof(
  proof: Uint8Array,
  entry: Uint8Array,
  policy: TrustPolicy,
  known?: { log?: VerifierKey; mlDsa44?: MlDsa44 },
): Promise<JudgedCheckpoint & { index: bigint; carriesEntry: boolean }>;

/** Throws `Refused` unless the tree of `to` leaves begins with that of `from`. */
export function checkConsistency(
  from: bigint,
  older: Uint8Array,
  to: bigint,
  newer: Uint8Array,
  path: Uint8Array[],
): void;

/** A ledger replayed block after block, every rule checked. */
export class Chain {
  /** Without `mlDsa44`, nobody checks that the ledger holds its ML-DSA-44 key (docs/format.md 5.3). */
  constructor(known?: { mlDsa44?: MlDsa44 });
  /** The chain with one block more; this one stays as it is. Throws `Refused`. */
  replay(block: Uint8Array): Promise<Chain>;
  /** `<origin>+<ledger id>`, of a chain that has a block 0. */
  identity(): string;
}
