"""The key log: C2SP signed notes, checkpoints and cosignatures, and proofs of RFC 9162."""

import base64
import binascii
import hashlib
import re

from .ed25519 import verify
from .encoding import Refused, from_hex, require


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def base64_of(text):
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("not base64") from error
    require(base64.b64encode(value).decode() == text, "not the one encoding")
    return value


def verifier_key(vkey):
    """name+id+key of C2SP signed-note. Returns the name, the id, the type and the public key."""
    parts = vkey.split("+", 2)
    require(len(parts) == 3, "not a verifier key")
    name, key_id, encoded = parts
    key = base64_of(encoded)
    require(len(key) == 33 and re.fullmatch(r"[0-9a-f]{8}", key_id), "not a verifier key")
    require(sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "an id of another key")
    return name, bytes.fromhex(key_id), key[0], key[1:]


def note_parts(note):
    """The signed text, and the signatures as (name, key id, signature)."""
    require(not any(ord(letter) < 32 and letter != "\n" for letter in note), "a control character")
    text, found, lines = note.rpartition("\n\n")
    require(found and lines.endswith("\n") and lines != "", "no signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line)
        require(match, "a line that is no signature")
        signed = base64_of(match[2])
        require(len(signed) >= 5, "a line that is no signature")
        signatures.append((match[1], signed[:4], signed[4:]))
    return text + "\n", signatures


def signature_by(note, vkey, kind):
    name, key_id, found, key = verifier_key(vkey)
    require(found == kind, "a key of another type")
    text, signatures = note_parts(note)
    own = [signed for by, which, signed in signatures if (by, which) == (name, key_id)]
    require(own, "not signed by this key")
    return name, key, text, own[0]


def key_log_head(given):
    name, key, text, signature = signature_by(given["note"], given["vkey"], 1)
    verify(key, text.encode(), signature)
    origin, size, root, *extensions = text[:-1].split("\n")
    require(origin == name, "another origin")
    require(re.fullmatch(r"0|[1-9][0-9]*", size), "not a size")
    root = base64_of(root)
    require(len(root) == 32 and "" not in extensions, "not a checkpoint")
    restored = [line for line in extensions if line.startswith("restored ")]
    require(len(restored) <= 1, "restored twice")
    restores = 0
    if restored:
        match = re.fullmatch(r"restored ([1-9][0-9]{0,8})", restored[0])
        require(match, "not a number of restores")
        restores = int(match[1])
    return {"size": int(size), "root": root.hex(), "restores": restores}


def cosignature(given):
    _, key, text, signed = signature_by(given["note"], given["vkey"], 4)
    require(len(signed) == 72, "not a cosignature")
    time = int.from_bytes(signed[:8], "big")
    verify(key, f"cosignature/v1\ntime {time}\n{text}".encode(), signed[8:])
    return {"timeS": time}


def inclusion_proof(given):
    """RFC 9162, 2.1.3.2."""
    leaf = sha256(b"\x00", from_hex(given["entry"]))
    index, size = given["index"], given["size"]
    require(index < size, "beyond the tree")
    node, last, at = leaf, size - 1, index
    for each in given["proof"]:
        require(last != 0, "a hash too many")
        other = from_hex(each, 32)
        if at & 1 or at == last:
            node = sha256(b"\x01", other, node)
            while at & 1 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, other)
        at, last = at >> 1, last >> 1
    require(last == 0 and node.hex() == given["root"], "another root")
    return {"leaf": leaf.hex()}


def consistency_proof(given):
    """RFC 9162, 2.1.4.2."""
    old, size = given["old"], given["size"]
    old_root, root = given["oldRoot"], given["root"]
    proof = [from_hex(each, 32) for each in given["proof"]]
    require(0 < old <= size, "not an earlier tree")
    if old == size:
        require(not proof and old_root == root, "two roots of one size")
        return {"extends": True}
    if old & (old - 1) == 0:
        proof.insert(0, from_hex(old_root, 32))
    require(proof, "no proof")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    earlier = later = proof[0]
    for each in proof[1:]:
        require(last != 0, "a hash too many")
        if at & 1 or at == last:
            earlier, later = sha256(b"\x01", each, earlier), sha256(b"\x01", each, later)
            while at & 1 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            later = sha256(b"\x01", later, each)
        at, last = at >> 1, last >> 1
    require(last == 0 and earlier.hex() == old_root and later.hex() == root, "another root")
    return {"extends": True}
