"""The code that a new device shows, and the answer that approves it."""

import hashlib
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.exceptions import CryptoError

from . import protobuf
from .ed25519 import verify
from .encoding import Refused, from_hex, lp, require, uuid, uuid_text

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def link_code(given):
    text = re.sub(r"[\s-]", "", given["code"]).upper()
    text = text.replace("O", "0").replace("I", "1").replace("L", "1")
    require(len(text) == 111 and all(letter in DIGITS for letter in text), "not a code")
    number = 0
    for letter in text:
        number = number << 5 | DIGITS.index(letter)
    # 111 digits of 5 bits are 69 bytes and 3 bits.
    require(number & 7 == 0, "bits after the end")
    code = (number >> 3).to_bytes(69, "big")
    content, check = code[:-4], code[-4:]
    require(content[0] == 1, "another version")
    digest = hashlib.sha256(b"sealdesk/link-code/v1" + content).digest()
    require(digest[:4] == check, "mistyped")
    return {
        "request": uuid_text(content[1:17]),
        "ephemeralKey": content[17:49].hex(),
        "secret": content[49:].hex(),
    }


CONTACT = {1: ("user", protobuf.identifier), 2: ("accountKey", protobuf.hexed(32))}
KEY_LOG = {
    1: ("vkey", protobuf.text(1024)),
    2: ("note", protobuf.text(16384)),
    3: ("atMs", protobuf.number()),
}
LIST = {
    1: ("version", protobuf.number()),
    2: ("issuedAtMs", protobuf.number()),
    3: ("validUntilMs", protobuf.number()),
}
SECRETS = {
    1: ("contacts", protobuf.message(CONTACT)),
    2: ("keyLog", protobuf.message(KEY_LOG)),
    3: ("list", protobuf.message(LIST)),
    4: ("approval", protobuf.octets(64)),
    5: ("authority", protobuf.octets(32)),
}


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def link_answer(given):
    answer = from_hex(given["answer"])
    require(len(answer) > 121 and answer[0] == 1, "not an answer")
    one_time, signature, nonce, ciphertext = answer[1:33], answer[33:97], answer[97:121], answer[121:]
    private = X25519PrivateKey.from_private_bytes(from_hex(given["ephemeralPrivateKey"], 32))
    ids = {name: uuid(given[name]) for name in ("tenant", "user", "request", "device", "approvingDevice")}
    device_key, approving_key, account_key = (
        from_hex(given[name], 32) for name in ("deviceKey", "approvingKey", "accountKey")
    )
    context = b"sealdesk/link/v1" + b"".join(
        map(
            lp,
            (
                *(ids[name] for name in ("tenant", "user", "request", "device")),
                device_key,
                raw(private),
                ids["approvingDevice"],
                approving_key,
                one_time,
                account_key,
            ),
        )
    )
    digest = hashlib.sha256(nonce + ciphertext).digest()
    verify(approving_key, b"sealdesk/link-approval/v1" + lp(context) + lp(digest), signature)
    shared = private.exchange(X25519PublicKey.from_public_bytes(one_time))
    material = shared + from_hex(given["codeSecret"], 16)
    key = HKDF(hashes.SHA256(), 32, salt=None, info=context).derive(material)
    try:
        plaintext = decrypt(ciphertext, context, nonce, key)
    except CryptoError as error:
        raise Refused("does not open") from error
    secrets = protobuf.parse(plaintext, SECRETS, repeated=("contacts",))
    protobuf.require_fields(secrets, ["approval"])
    fields = [ids[name] for name in ("tenant", "user", "device")]
    fields += [device_key, account_key, ids["approvingDevice"]]
    approved = b"sealdesk/device-approval/v1" + b"".join(map(lp, fields))
    verify(approving_key, approved, secrets["approval"])
    key_log = secrets.get("keyLog", {})
    return {
        "contacts": [f"{each['user']} {each['accountKey']}" for each in secrets.get("contacts", [])],
        "vkey": key_log.get("vkey"),
        "note": key_log.get("note"),
        "atMs": key_log.get("atMs"),
        "listVersion": secrets.get("list", {}).get("version"),
        "approval": secrets["approval"].hex(),
        "authority": secrets["authority"].hex() if "authority" in secrets else None,
    }
