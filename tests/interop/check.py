"""Checks Probant's bytes with packages that are not Probant's: pycose, scitt-cose, cbor2.

check.py envelope <folder>  signs an RFC 9995 hash envelope with pycose, for Probant to read
check.py verify <folder>    verifies every statement, receipt, proof and key of a ledger

tests/interop writes the folder and says in its world.json what each file must be. Two verdicts
are asked for each signature: pycose's, with the path of RFC 9162 computed here, and scitt-cose's.
"""

import hashlib
import json
import sys
from pathlib import Path

import cbor2
import scitt_cose
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pycose.algorithms import EdDSA
from pycose.headers import KID, Algorithm, ContentType
from pycose.keys import CoseKey, OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage, Sign1Message
from scitt_cose import merkle, receipt, statement

# RFC 9597, 9995, 9942; the last is Probant's own.
CLAIMS, HASH_ALG, PREIMAGE_TYPE, RECEIPTS, VDS, VDP = 15, 258, 259, 394, 395, 396
PROOF = -0x50524F02
COUNTED = ("entries", "receipts", "grown", "proofs", "keys")
SHA_256, INCLUSION, CONSISTENCY = -16, -1, -2


class Refused(Exception):
    """Something is not as it must be."""


def check(ok, what):
    """An assert that no interpreter option removes."""
    if not ok:
        raise Refused(what)


def canonical(data, what):
    """Decodes, and holds the bytes to the encoding that cbor2 calls canonical.

    cbor2 sorts map keys by length first (RFC 7049) and Probant as bytes (RFC 8949): the same order
    for every map that Probant has.
    """
    value = cbor2.loads(data)
    check(cbor2.dumps(value, canonical=True) == data, f"{what}: not deterministically encoded")
    return value


class Key:
    """A public key, as each package takes it, and its RFC 9679 thumbprint."""

    def __init__(self, path):
        self.pem = path.read_bytes()
        self.x = load_pem_public_key(self.pem).public_bytes_raw()
        self.okp = OKPKey(crv=Ed25519, x=self.x)
        self.kid = thumbprint(self.x)


def thumbprint(x):
    return hashlib.sha256(cbor2.dumps({1: 1, -1: 6, -2: x}, canonical=True)).digest()


# --- Verdicts: each raises or is false where it refuses ---------------------------------------


def pycose_statement(data, key):
    message = CoseMessage.decode(data)
    check(type(message) is Sign1Message and message.get_attr(Algorithm) is EdDSA, "not EdDSA")
    check(message.phdr[KID] == key.kid, "kid")
    message.key = key.okp
    return message.verify_signature()


def scitt_statement(data, key):
    parsed = statement.parse_signed_statement(data, public_key_pem=key.pem)
    return parsed["signature_verified"] is True


def pycose_receipt(data, entry, key):
    message = CoseMessage.decode(data)
    check(type(message) is Sign1Message and message.get_attr(Algorithm) is EdDSA, "not EdDSA")
    check(message.phdr[VDS] == 1 and message.payload is None, "vds or payload")
    (proof,) = message.uhdr[VDP][INCLUSION]
    size, index, path = cbor2.loads(proof)
    message.key = key.okp
    return message.verify_signature(detached_payload=root_of_path(entry, index, size, path))


def scitt_receipt(data, entry, key):
    result = receipt.verify_receipt(data, leaf_entry_hex=entry.hex(), log_public_key_pem=key.pem)
    return result.ok


def grown_receipt(data, roots, sizes, key):
    """A receipt of consistency: pycose for the signature over the newer root, scitt-cose for the
    path (it reads receipts of inclusion only)."""
    message = CoseMessage.decode(data)
    check(type(message) is Sign1Message and message.get_attr(Algorithm) is EdDSA, "not EdDSA")
    check(message.phdr[VDS] == 1 and message.payload is None, "vds or payload")
    (proof,) = message.uhdr[VDP][CONSISTENCY]
    older, newer, path = cbor2.loads(proof)
    check((older, newer) == sizes, "of other sizes")
    message.key = key.okp
    signed = message.verify_signature(detached_payload=roots[1])
    path = [node.hex() for node in path]
    grew = merkle.verify_consistency(roots[0].hex(), roots[1].hex(), older, newer, path)
    return signed and grew


def root_of_path(entry, index, size, path):
    """RFC 9162 section 2.1.3.2, step by step."""
    check(0 <= index < size, "index")
    fn, sn, r = index, size - 1, hashlib.sha256(b"\0" + entry).digest()
    for p in path:
        check(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\1" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\1" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    check(sn == 0, "the path is too short")
    return r


def refuses(verdict, *args):
    """Whatever an exception is called, the package did not accept."""
    try:
        return not verdict(*args)
    except Exception:  # noqa: BLE001
        return True


def surviving_flips(expected, verdict, data, *args):
    """The messages with one bit flipped that a package accepts: of every bit where world.json says
    so, else of every 61st, which comes past each position in a byte."""
    for bit in range(0, len(data) * 8, 1 if expected["every_bit"] else 61):
        bad = bytearray(data)
        bad[bit // 8] ^= 1 << bit % 8
        if not refuses(verdict, bytes(bad), *args):
            yield bit, bytes(bad)


# --- What there is to verify ------------------------------------------------------------------


class Ledger:
    """The folder."""

    def __init__(self, folder):
        self.folder = folder
        self.world = json.loads((folder / "world.json").read_text())
        self.keys = {name: Key(folder / f"{name}.pem") for name in self.world["keys"]}
        self.entries = [(folder / entry["file"]).read_bytes() for entry in self.world["entries"]]
        self.roots = {head["size"]: bytes.fromhex(head["root"]) for head in self.world["heads"]}

    def verify(self):
        for entry, expected in zip(self.entries, self.world["entries"], strict=True):
            self.verify_statement(entry, expected)
        for size, root in self.roots.items():
            entries = [entry.hex() for entry in self.entries[:size]]
            check(merkle.merkle_root(entries) == root.hex(), f"root of size {size}")
        for expected in self.world["receipts"]:
            self.verify_receipt(expected)
        for expected in self.world["grown"]:
            self.verify_grown(expected)
        for expected in self.world["proofs"]:
            self.verify_proof(expected)
        self.verify_key_set()
        counts = {name: len(self.world[name]) for name in COUNTED}
        check(all(counts.values()), f"nothing to check: {counts}")
        print("pycose, scitt-cose:", counts)

    def verify_statement(self, entry, expected):
        what, key = expected["file"], self.keys[expected["key"]]
        tag = canonical(entry, what)
        protected, unprotected, payload, _ = tag.value
        check(tag.tag == 18 and unprotected == {}, f"{what}: tag 18, empty unprotected header")
        claims = {1: expected["iss"], 2: expected["sub"], 3: expected["aud"], 6: expected["iat"]}
        claims = {label: claim for label, claim in claims.items() if claim is not None}
        header = {1: -8, 4: key.kid, CLAIMS: claims}
        if expected["kind"] == "envelope":
            # RFC 9995: 258 and 259 protected, no content type (3), the digest as payload.
            header |= {HASH_ALG: SHA_256, PREIMAGE_TYPE: "application/pdf"}
            document = (self.folder / "document").read_bytes()
            check(payload == hashlib.sha256(document).digest(), f"{what}: digest")
        else:
            header[3] = f"application/vnd.probant.{expected['kind']}+cbor"
            body = canonical(payload, what)
            if "list" in expected:
                fingerprints = expected["list"]
                root = bytes.fromhex(merkle.merkle_root(fingerprints))
                third = {"certify": "application/pdf", "revoke": "withdrawn"}[expected["kind"]]
                stated = {1: root, 2: len(fingerprints), 3: third}
                check(body == stated, f"{what}: root and count of its list")
        check(canonical(protected, what) == header, f"{what}: protected header")
        message = CoseMessage.decode(entry)
        check(message.phdr[CLAIMS] == claims, f"{what}: pycose reads other claims")
        check(message.phdr.get(ContentType) == header.get(3), f"{what}: content type in pycose")
        parsed = statement.parse_signed_statement(entry, public_key_pem=key.pem)
        check(parsed["claims"] == claims, f"{what}: scitt-cose reads other claims")
        stranger = next(other for other in self.keys.values() if other is not key)
        for verdict in (pycose_statement, scitt_statement):
            check(verdict(entry, key), f"{what}: {verdict.__name__} refuses it")
            check(refuses(verdict, entry, stranger), f"{what}: {verdict.__name__}, wrong key")
            for bit, _ in surviving_flips(expected, verdict, entry, key):
                raise Refused(f"{what}: {verdict.__name__} accepts bit {bit} flipped")

    def verify_receipt(self, expected):
        what, seal = expected["file"], self.keys["seal"]
        data, entry = (self.folder / what).read_bytes(), self.entries[expected["index"]]
        tag = canonical(data, what)
        protected, unprotected, payload, _ = tag.value
        claims = {1: self.world["origin"], 2: f"block:{expected['height']}", 6: expected["iat"]}
        header = {1: -8, 4: seal.kid, CLAIMS: claims, VDS: 1}
        check(canonical(protected, what) == header, f"{what}: protected header")
        check(tag.tag == 18 and payload is None, f"{what}: tag 18, detached payload")
        (proof,) = unprotected[VDP][INCLUSION]
        path = [bytes.fromhex(node) for node in expected["path"]]
        proven = [expected["size"], expected["index"], path]
        check(canonical(proof, what) == proven, f"{what}: inclusion proof")
        check(unprotected == {VDP: {INCLUSION: [proof]}}, f"{what}: unprotected header")
        result = receipt.verify_receipt(
            data, leaf_entry_hex=entry.hex(), log_public_key_pem=seal.pem
        )
        check(result.ok, f"{what}: {result.errors}")
        check(result.root == self.roots[expected["size"]].hex(), f"{what}: another root")
        check((result.issuer, result.subject, result.iat) == tuple(claims.values()), what)
        other = self.entries[expected["index"] - 1]
        for verdict in (pycose_receipt, scitt_receipt):
            name = verdict.__name__
            check(verdict(data, entry, seal), f"{what}: {name} refuses it")
            check(refuses(verdict, data, other, seal), f"{what}: {name}, another entry")
            check(refuses(verdict, data, entry, self.keys["issuer"]), f"{what}: {name}, wrong key")
            for bit, bad in surviving_flips(expected, verdict, data, entry, seal):
                only_size_differs(f"{what}: {name} accepts bit {bit} flipped", bad, data)

    def verify_grown(self, expected):
        """RFC 9942: that one sealed tree began with another."""
        what, seal = expected["file"], self.keys["seal"]
        data = (self.folder / what).read_bytes()
        sizes = (expected["from"], expected["to"])
        roots = tuple(self.roots[size] for size in sizes)
        tag = canonical(data, what)
        protected, unprotected, payload, _ = tag.value
        header = canonical(protected, what)
        check(tag.tag == 18 and payload is None, f"{what}: tag 18, detached payload")
        check(header[CLAIMS][2] == f"block:{expected['height']}" and header[VDS] == 1, what)
        (proof,) = unprotected[VDP][CONSISTENCY]
        path = [bytes.fromhex(node) for node in expected["path"]]
        check(canonical(proof, what) == [*sizes, path], f"{what}: consistency proof")
        check(unprotected == {VDP: {CONSISTENCY: [proof]}}, f"{what}: unprotected header")
        entries = [entry.hex() for entry in self.entries]
        theirs = merkle.consistency_proof(entries, *sizes)
        check(theirs == expected["path"], f"{what}: their path is another")
        check(grown_receipt(data, roots, sizes, seal), f"{what}: refused")
        check(refuses(grown_receipt, data, roots, sizes, self.keys["issuer"]), f"{what}: wrong key")
        check(refuses(grown_receipt, data, roots[::-1], sizes, seal), f"{what}: backwards")
        for bit, _ in surviving_flips(expected, grown_receipt, data, roots, sizes, seal):
            raise Refused(f"{what}: bit {bit} flipped is accepted")

    def verify_proof(self, expected):
        """A Transparent Statement of RFC 9943, and Probant's parts under their private label."""
        what, entry = expected["file"], self.entries[expected["index"]]
        data = (self.folder / what).read_bytes()
        tag = canonical(data, what)
        protected, unprotected, payload, signature = tag.value
        check(list(unprotected) == [RECEIPTS, PROOF], f"{what}: labels")
        bare = cbor2.CBORTag(18, [protected, {}, payload, signature])
        check(cbor2.dumps(bare, canonical=True) == entry, f"{what}: not the statement of the ledger")
        key = self.keys["issuer"]
        check(pycose_statement(data, key) and scitt_statement(data, key), f"{what}: signature")
        (attached,) = scitt_cose.extract_receipts(data)
        self.verify_attached(what, attached, entry)
        size, _, _ = cbor2.loads(cbor2.loads(attached).value[1][VDP][INCLUSION][0])
        parts = canonical(unprotected[PROOF], what)
        check(list(parts) == [1, 2, 3, 4, 5, 6, 7] and parts[1] == 1, f"{what}: parts")
        self.verify_attached(what, parts[6], entry)
        for proven, index, path in [parts[3], parts[4], *parts[5]]:
            check(proven == self.entries[index], f"{what}: entry {index} is another")
            included(f"{what}: entry {index}", proven, index, size, path, self.roots[size])
        fingerprint, index, path = parts[2]
        self.verify_statuses(what, protected, fingerprint, parts)
        check(fingerprint.hex() == expected["fingerprint"], f"{what}: of another document")
        if expected["count"] is None:  # A hash envelope has no list.
            check(fingerprint[2:] == payload and path == [], f"{what}: digest")
        else:
            stated = cbor2.loads(payload)
            check(stated[2] == expected["count"], f"{what}: count of its list")
            included(f"{what}: document", fingerprint, index, stated[2], path, stated[1])

    def verify_statuses(self, what, protected, fingerprint, parts):
        """What became of document, issuer and key, under the root in the head's block statement."""
        header = cbor2.loads(protected)
        issuer, kid = header[CLAIMS][1].encode(), header[4]
        slots = [slot(1, issuer, fingerprint), slot(3, issuer, b""), slot(2, issuer, kid)]
        root = cbor2.loads(cbor2.loads(parts[4][0]).value[2])[7]
        check(len(parts[7]) == len(slots), f"{what}: statuses")
        for at, path in zip(slots, parts[7]):
            check(status_root(at, *path) == root, f"{what}: a status path leads elsewhere")

    def verify_attached(self, what, data, entry):
        seal = self.keys["seal"]
        ok = pycose_receipt(data, entry, seal) and scitt_receipt(data, entry, seal)
        check(ok, f"{what}: a receipt in it does not verify")

    def verify_key_set(self):
        """The COSE keys that SCRAPI serves, read by pycose."""
        data = (self.folder / "keys.cbor").read_bytes()
        for cose, name in zip(canonical(data, "keys.cbor"), self.world["keys"], strict=True):
            read, key = CoseKey.from_dict(cose), self.keys[name]
            check(type(read) is OKPKey and read.crv is Ed25519, f"{name}: not Ed25519")
            check((read.x, read.kid, read.alg) == (key.x, key.kid, EdDSA), f"{name}: key set")


def only_size_differs(what, bad, good):
    """RFC 9942 signs the root and not the tree size: some other sizes give the same path its
    meaning, so every verifier of receipts accepts them. Probant's holds the size to the block
    statement at size - 1. Nothing but the size may change."""

    def parts(data):
        protected, unprotected, payload, signature = cbor2.loads(data).value
        ((label, ((kind, (proof,)),)),) = ((l, v.items()) for l, v in unprotected.items())
        _, index, path = cbor2.loads(proof)
        return protected, label, kind, index, path, payload, signature

    check(parts(bad) == parts(good), what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def slot(kind, issuer, rest):
    head = b"probant/status/v1\0" + bytes([kind]) + len(issuer).to_bytes(2, "big")
    return sha256(head, issuer, rest)


def status_root(at, found, siblings):
    if found is None:
        node = bytes(32)
    elif isinstance(found, bytes):
        node = sha256(b"\x02", at, sha256(found))
    else:
        node = sha256(b"\x02", *found)
    for depth, sibling in zip(reversed(range(len(siblings))), siblings):
        goes_right = at[depth // 8] >> (7 - depth % 8) & 1
        node = sha256(b"\x03", sibling, node) if goes_right else sha256(b"\x03", node, sibling)
    return node


def included(what, leaf, index, size, path, root):
    path = [node.hex() for node in path]
    check(merkle.verify_inclusion(leaf.hex(), index, size, path, root.hex()), what)


def envelope(folder):
    """What a stranger signs who knows the RFCs, docs/format.md and pycose only."""
    order = json.loads((folder / "order.json").read_text())
    digest = hashlib.sha256((folder / "document").read_bytes()).digest()
    key = OKPKey(crv=Ed25519, d=bytes.fromhex(order["seed"]), x=bytes.fromhex(order["x"]))
    claims = {1: order["iss"], 2: f"sha-256:{digest.hex()}", 3: order["aud"], 6: order["iat"]}
    header = {
        Algorithm: EdDSA,
        KID: thumbprint(key.x),
        CLAIMS: claims,
        HASH_ALG: SHA_256,
        PREIMAGE_TYPE: "application/pdf",
    }
    message = Sign1Message(phdr=header, payload=digest, key=key)
    (folder / "envelope.cose").write_bytes(message.encode())


if __name__ == "__main__":
    command, folder = sys.argv[1], Path(sys.argv[2])
    {"envelope": envelope, "verify": lambda folder: Ledger(folder).verify()}[command](folder)
