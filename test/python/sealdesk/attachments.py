"""Attachments: libsodium's secretstream from its primitives, and the packs of history grants."""

import hashlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.poly1305 import Poly1305

from . import protobuf
from .encoding import Refused, from_hex, require, uuid

MESSAGE, FINAL = 0, 3


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03, section 2.2: the rounds of ChaCha20 without the last addition."""
    state = list(struct.unpack("<4I", b"expand 32-byte k"))
    state += struct.unpack("<8I", key) + struct.unpack("<4I", nonce)

    def quarter(a, b, c, d):
        for one, other, third, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[one] = (state[one] + state[other]) & 0xFFFFFFFF
            mixed = state[third] ^ state[one]
            state[third] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for start in range(4):
            quarter(start, 4 + (start + 1) % 4, 8 + (start + 2) % 4, 12 + (start + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


class SecretStream:
    """The opener of one stream."""

    def __init__(self, key, header):
        self.key = hchacha20(key, header[:16])
        self.counter = 1
        self.chain = header[16:24]

    def _xor(self, data, block):
        start = struct.pack("<II", block, self.counter) + self.chain
        return Cipher(algorithms.ChaCha20(self.key, start), None).encryptor().update(data)

    def open(self, sealed, associated_data):
        require(len(sealed) >= 17, "too short")
        tag_byte, ciphertext, mac = sealed[:1], sealed[1:-16], sealed[-16:]
        block = self._xor(tag_byte + bytes(63), 1)
        tag, tag_block = block[0], tag_byte + block[1:]
        authenticator = Poly1305(self._xor(bytes(32), 0))
        authenticator.update(associated_data + bytes(-len(associated_data) % 16))
        authenticator.update(tag_block + ciphertext)
        authenticator.update(bytes(len(ciphertext) % 16))
        authenticator.update(struct.pack("<QQ", len(associated_data), 64 + len(ciphertext)))
        try:
            authenticator.verify(mac)
        except InvalidSignature as error:
            raise Refused("a chunk is not authentic") from error
        chunk = self._xor(ciphertext, 2)
        self.chain = bytes(one ^ other for one, other in zip(self.chain, mac))
        self.counter += 1
        return tag, chunk


def padded_size(size):
    if size <= 1024:
        return 1024
    exponent = size.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return (size + step - 1) // step * step


def attachment(given):
    chunk_bytes, size = given["chunkBytes"], given["size"]
    require(4096 <= chunk_bytes <= 1024 * 1024, "chunks of an unusable size")
    uploaded = from_hex(given["uploaded"])
    associated_data = b"sealdesk/attachment/v1" + uuid(given["id"])
    stream = SecretStream(from_hex(given["key"], 32), uploaded[:24])
    total = padded_size(size)
    content, at = b"", 24
    while len(content) < total:
        length = min(chunk_bytes, total - len(content))
        sealed = uploaded[at : at + length + 17]
        require(len(sealed) == length + 17, "truncated")
        tag, chunk = stream.open(sealed, associated_data)
        content, at = content + chunk, at + len(sealed)
        require(tag == (FINAL if len(content) == total else MESSAGE), "another tag")
    require(at == len(uploaded), "something after the end")
    plaintext, padding = content[:size], content[size:]
    require(padding == bytes(len(padding)), "padding that is not zero")
    require(hashlib.sha256(plaintext).hexdigest() == given["plaintextDigest"], "another plaintext")
    require(hashlib.sha256(uploaded).hexdigest() == given["ciphertextDigest"], "another upload")
    return {"plaintext": plaintext.hex(), "padded": total}


AUTHOR = {
    1: ("user", protobuf.identifier),
    2: ("device", protobuf.identifier),
    3: ("accountKey", protobuf.octets(32)),
    4: ("deviceKey", protobuf.octets(32)),
    5: ("identityKey", protobuf.octets(33)),
    6: ("receiptKey", protobuf.octets(32)),
    7: ("certificate", protobuf.octets(64)),
}
GRANTED = {
    1: ("seq", protobuf.number()),
    2: ("payload", protobuf.octets(most=64 * 1024)),
    3: ("frankingKey", protobuf.octets(32)),
    4: ("signature", protobuf.octets(64)),
}
ENTRY = {1: ("author", protobuf.message(AUTHOR)), 2: ("message", protobuf.message(GRANTED))}


def pack_entry(encoded):
    entry = protobuf.parse(encoded, ENTRY)
    require(len(entry) == 1, "not an author or a message")
    if "author" in entry:
        author = entry["author"]
        protobuf.require_fields(author, [name for name, _ in AUTHOR.values()])
        return f"{author['user']} {author['device']}"
    message = entry["message"]
    names = [name for name, _ in GRANTED.values()]
    protobuf.require_fields(message, names)
    return " ".join((str(message["seq"]), *(message[name].hex() for name in names[1:])))


def history_pack(given):
    pack = from_hex(given["pack"])
    head = b"sealdesk/history-pack/v1" + uuid(given["grant"])
    require(pack[: len(head)] == head, "a pack of something else")
    found, at = [], len(head)
    while at < len(pack):
        require(at + 4 <= len(pack), "truncated")
        length = int.from_bytes(pack[at : at + 4], "big")
        at += 4
        require(0 < length and at + length <= len(pack), "truncated")
        found.append(pack_entry(pack[at : at + length]))
        at += length
    return {"found": found}
