"""Verifies an ML-DSA-44 cosignature (c2sp.org/tlog-cosignature, signed-note) with the package cryptography,
which shares no code with ours. Usage: ml_dsa.py <vkey> < note; prints the time that it says."""

import base64
import hashlib
import sys

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

TYPE = 6

name, key_id, key = sys.argv[1].split("+", 2)
key_id, key = bytes.fromhex(key_id), base64.b64decode(key, validate=True)
assert key[0] == TYPE
assert key_id == hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
text, lines = sys.stdin.read().rsplit("\n\n", 1)
origin, size, root = text.split("\n")


def named(text):
    return bytes([len(text.encode())]) + text.encode()


found = 0
for line in lines.splitlines():
    dash, of, blob = line.split(" ")
    blob = base64.b64decode(blob, validate=True)
    assert dash == "\u2014"
    if of != name or blob[:4] != key_id:
        continue
    time, signature = blob[4:12], blob[12:]
    message = b"subtree/v1\n\0" + named(name) + time + named(origin)
    message += (0).to_bytes(8, "big") + int(size).to_bytes(8, "big") + base64.b64decode(root, validate=True)
    MLDSA44PublicKey.from_public_bytes(key[1:]).verify(signature, message)
    print(int.from_bytes(time, "big"))
    found += 1
assert found == 1, f"{found} lines are by this key"
