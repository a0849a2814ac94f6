-- One ledger: its blocks, and what is derived from them. Nothing here is specific to one schema or
-- role; a table that is there already is left alone. Numbers are never negative; every hash has 32
-- bytes. docs/decisions/0015-tables.md says why the tables are as they are.

-- The blocks, byte for byte, in parts of 512 KiB: with the head, the only truth here.
CREATE TABLE IF NOT EXISTS block_parts (
    height bigint  NOT NULL,
    part   integer NOT NULL,
    bytes  bytea   NOT NULL,
    PRIMARY KEY (height, part)
);

-- A block: its length, where its seal stands in it, which entries it has, what it made the head, and
-- the status map after it.
CREATE TABLE IF NOT EXISTS blocks (
    height        bigint  PRIMARY KEY,
    first         bigint  NOT NULL,
    size          bigint  NOT NULL,
    documents     bigint  NOT NULL,
    time_ms       bigint  NOT NULL,
    bytes         bigint  NOT NULL,
    status_inners bigint  NOT NULL,
    status_leaves bigint  NOT NULL,
    seal_start    integer NOT NULL,
    seal_bytes    integer NOT NULL,
    root          bytea   NOT NULL,
    statement     bytea   NOT NULL,
    status_root   bytea   NOT NULL
);

-- An entry: where it stands in its block, and where its list does (no bytes where it has none). The
-- leaves are the lowest level of the tree.
CREATE TABLE IF NOT EXISTS entries (
    entry      bigint  PRIMARY KEY,
    height     bigint  NOT NULL,
    start      integer NOT NULL,
    bytes      integer NOT NULL,
    list_start integer NOT NULL,
    list_bytes integer NOT NULL,
    leaf       bytea   NOT NULL UNIQUE
);

-- Complete subtrees of the tree, every eighth level from the eighth up, left to right.
CREATE TABLE IF NOT EXISTS tree (
    level  integer NOT NULL,
    number bigint  NOT NULL,
    hash   bytea   NOT NULL,
    PRIMARY KEY (level, number)
);

-- Lists that are asked for by their root. Of one that certifies, the nodes from the fourth level up.
CREATE TABLE IF NOT EXISTS lists (
    entry bigint PRIMARY KEY,
    root  bytea  NOT NULL,
    nodes bytea  NOT NULL,
    UNIQUE (root, entry)
);

-- Where documents are certified: place = entry * 65536 + position in the list.
CREATE TABLE IF NOT EXISTS documents (
    place       bigint NOT NULL,
    fingerprint bytea  NOT NULL,
    PRIMARY KEY (fingerprint, place)
);

-- Entries that change the registry.
CREATE TABLE IF NOT EXISTS registry (
    entry bigint PRIMARY KEY
);

-- The nodes of the status maps of all blocks, in the order in which they were made.
CREATE TABLE IF NOT EXISTS status_inners (
    number bigint PRIMARY KEY,
    bytes  bytea  NOT NULL
);
CREATE TABLE IF NOT EXISTS status_leaves (
    number bigint PRIMARY KEY,
    bytes  bytea  NOT NULL
);

-- What issuers have had sealed lately, for their quotas: no part of the ledger.
CREATE TABLE IF NOT EXISTS usage (
    issuer    text   PRIMARY KEY,
    day       bigint NOT NULL,
    documents bigint NOT NULL,
    full_us   bigint NOT NULL
);

-- The newest block; none before block 0. Whoever makes the next one locks this row. Changes is how many
-- rows the registry has: of those that are numbered, a lost one is missed. It comes last: where it is,
-- the others are.
CREATE TABLE IF NOT EXISTS head (
    one       boolean PRIMARY KEY CHECK (one),
    version   integer NOT NULL,
    state     text    NOT NULL CHECK (state IN ('open', 'arriving', 'moved')),
    ledger    bytea,
    height    bigint,
    size      bigint,
    documents bigint,
    time_ms   bigint,
    root      bytea,
    statement bytea,
    changes   bigint  NOT NULL
);
