"""A message: its payload, its padding and commitment, and what the relay makes of it."""

import hashlib
import hmac

from . import protobuf
from .ed25519 import verify
from .encoding import from_hex, require, unsigned, uuid

LAST_SEEN = {1: ("seq", protobuf.number()), 2: ("transcriptHash", protobuf.hexed(32))}
KEY_LOG_HEAD = {
    1: ("size", protobuf.number()),
    2: ("root", protobuf.hexed(32)),
    3: ("signature", protobuf.hexed(64)),
    4: ("restores", protobuf.number(999_999_999)),
}
TEXT = {1: ("text", protobuf.text(63 * 1024))}
ATTACHMENT = {
    1: ("id", protobuf.identifier),
    2: ("name", protobuf.text(512)),
    3: ("mediaType", protobuf.text(128)),
    4: ("size", protobuf.number()),
    5: ("key", protobuf.hexed(32)),
    6: ("plaintextDigest", protobuf.hexed(32)),
    7: ("ciphertextDigest", protobuf.hexed(32)),
    8: ("chunkBytes", protobuf.number(2**32 - 1)),
}
TARGET = {1: ("seq", protobuf.number()), 2: ("transcriptHash", protobuf.hexed(32))}
REVISION = {**TARGET, 3: ("text", protobuf.text(63 * 1024))}
PAYLOAD = {
    1: ("version", protobuf.number()),
    2: ("conversation", protobuf.identifier),
    3: ("senderDevice", protobuf.identifier),
    4: ("epoch", protobuf.number(2**32 - 1)),
    5: ("clientMessageId", protobuf.identifier),
    6: ("lastSeen", protobuf.message(LAST_SEEN)),
    7: ("keyLogHead", protobuf.message(KEY_LOG_HEAD)),
    8: ("unopened", protobuf.number()),
    16: ("text", protobuf.message(TEXT)),
    17: ("attachment", protobuf.message(ATTACHMENT)),
    18: ("edit", protobuf.message(REVISION)),
    19: ("correction", protobuf.message(REVISION)),
    20: ("deletion", protobuf.message(TARGET)),
    24: ("restored", protobuf.message({1: ("lost", protobuf.number())})),
}
BODIES = {
    "text": "text",
    "attachment": "attachment",
    "edit": "edit",
    "correction": "correction",
    "deletion": "deletion",
    "restored": "device_restored",
}


def payload(given):
    fields = protobuf.parse(from_hex(given["payload"]), PAYLOAD, repeated=("unopened",))
    place = ["conversation", "senderDevice", "clientMessageId", "lastSeen"]
    protobuf.require_fields(fields, ["version", *place])
    require(fields.pop("version") == 1, "another version")
    protobuf.require_fields(fields["lastSeen"], ["transcriptHash"])
    bodies = [name for name in BODIES if name in fields]
    require(len(bodies) == 1, "not one body")
    (name,) = bodies
    found = fields.pop(name)
    if name == "attachment":
        digests = ["key", "plaintextDigest", "ciphertextDigest"]
        protobuf.require_fields(found, ["id", *digests])
        whole = {"name": "", "mediaType": "", "size": 0, "chunkBytes": 0, **found}
        body = {"attachment": whole}
    elif name in ("edit", "correction", "deletion"):
        protobuf.require_fields(found, ["transcriptHash"])
        target = {"seq": found.get("seq", 0), "transcriptHash": found["transcriptHash"]}
        body = {"target": target}
        if name != "deletion":
            body["text"] = found.get("text", "")
    else:
        body = {"text": "", **found} if name == "text" else {"lost": 0, **found}
    if "keyLogHead" in fields:
        protobuf.require_fields(fields["keyLogHead"], ["root", "signature"])
        fields["keyLogHead"] = {"size": 0, "restores": 0, **fields["keyLogHead"]}
    last_seen = {"seq": 0, **fields.pop("lastSeen")}
    unopened = fields.get("unopened", [])
    require(unopened == sorted(set(unopened)) and len(unopened) <= 16, "another order")
    require(all(seq <= last_seen["seq"] for seq in unopened), "an event that was not seen")
    return {"epoch": 0, **fields, "lastSeen": last_seen, "body": {"kind": BODIES[name], **body}}


def bucket(size):
    for least in (256, 512):
        if size <= least:
            return least
    return (size + 1023) // 1024 * 1024


def plaintext(given):
    signed = from_hex(given["plaintext"])
    signature, padded = signed[:64], signed[64:]
    require(36 <= len(padded) <= 63 * 1024, "another size")
    key, length = padded[:32], int.from_bytes(padded[32:36], "big")
    content, padding = padded[36 : 36 + length], padded[36 + length :]
    require(len(padded) == bucket(36 + length), "another size")
    require(padding == bytes(len(padding)), "padding that is not zero")
    commitment = hmac.digest(key, b"sealdesk/commitment/v1" + content, "sha256")
    require(commitment == from_hex(given["commitment"]), "another commitment")
    return {"signature": signature.hex(), "frankingKey": key.hex(), "payload": content.hex()}


def authorship(given):
    signed = (
        b"sealdesk/message/v1"
        + b"".join(uuid(given[name]) for name in ("tenant", "conversation", "user", "senderDevice"))
        + unsigned(given["epoch"], 4)
        + uuid(given["clientMessageId"])
        + from_hex(given["commitment"], 32)
    )
    verify(from_hex(given["receiptKey"]), signed, from_hex(given["signature"]))
    return {"signed": signed.hex()}


def franking_tag(given):
    tagged = (
        b"sealdesk/franking-tag/v1"
        + from_hex(given["commitment"], 32)
        + b"".join(uuid(given[name]) for name in ("conversation", "senderDevice", "clientMessageId"))
        + unsigned(given["epoch"], 4)
        + unsigned(given["receivedAtMs"], 8)
    )
    tag = hmac.digest(from_hex(given["relayKey"]), tagged, "sha256").hex()
    require(tag == given["tag"], "another tag")
    return {"tag": tag}


KINDS = (
    "message",
    "created",
    "member_added",
    "member_removed",
    "device_added",
    "device_removed",
    "closed",
    "history_granted",
    "consent_changed",
)


def transcript(given):
    header = (
        uuid(given["conversation"])
        + unsigned(given["seq"], 8)
        + unsigned(KINDS.index(given["kind"]) + 1, 1)
        + uuid(given["senderDevice"])
        + unsigned(given["epoch"], 4)
        + uuid(given["keyId"])
        + uuid(given["clientMessageId"])
        + unsigned(given["receivedAtMs"], 8)
    )
    hashed = hashlib.sha256(
        b"sealdesk/transcript/v1"
        + from_hex(given["previousHash"], 32)
        + header
        + from_hex(given["ciphertextDigest"], 32)
        + from_hex(given["commitment"], 32)
    ).hexdigest()
    require(hashed == given["transcriptHash"], "another hash")
    return {"transcriptHash": hashed}
