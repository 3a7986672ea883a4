"""Safety numbers and codes, key packets, and a device's store."""

import base64
import hashlib
import unicodedata

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from .encoding import Refused, from_hex, require, unsigned, uuid


def half(user, key):
    hashed = hashlib.sha512(bytes(2) + key + user + key).digest()
    for _ in range(5199):
        hashed = hashlib.sha512(hashed + key).digest()
    groups = (int.from_bytes(hashed[at : at + 5], "big") % 100_000 for at in range(0, 30, 5))
    return "".join(f"{group:05}" for group in groups)


def accounts(given):
    for name in ("own", "other"):
        yield uuid(given[f"{name}User"]), from_hex(given[f"{name}Key"], 32)


def safety_number(given):
    digits = "".join(sorted(half(user, key) for user, key in accounts(given)))
    require(digits == given["digits"], "another number")
    return {"digits": digits}


def safety_code(given):
    own, other = (
        hashlib.sha256(b"sealdesk/safety-code/v1" + user + key).digest()
        for user, key in accounts(given)
    )
    # The other one's device shows its own fingerprint first.
    code = base64.urlsafe_b64encode(other + own).decode().rstrip("=")
    require(given["scanned"].strip() == f"SEALDESK-SAFETY:1:{code}", "another code")
    return {"verdict": "match"}


def key_packet(given):
    plaintext = from_hex(given["plaintext"])
    place = uuid(given["conversation"]) + unsigned(given["epoch"], 4) + uuid(given["keyId"])
    require(plaintext[:37] == b"\x01" + place, "a packet of another place")
    return {"distribution": plaintext[37:].hex()}


def stored_value(given):
    sealed = from_hex(given["sealed"])
    name = b"sealdesk/store/v1\x00" + given["name"].encode()
    try:
        value = decrypt(sealed[24:], name, sealed[:24], from_hex(given["storeKey"], 32))
    except (CryptoError, ValueError, TypeError) as error:
        raise Refused("does not open") from error
    return {"value": value.hex()}


def store_key(given):
    passphrase = "".join(
        " " if unicodedata.category(letter) == "Zs" else letter for letter in given["passphrase"]
    )
    require(passphrase != "", "no passphrase")
    secret = unicodedata.normalize("NFC", passphrase).encode()
    key = argon2id.kdf(32, secret, from_hex(given["salt"], 16), opslimit=3, memlimit=64 * 1024 * 1024)
    return {"key": key.hex()}
