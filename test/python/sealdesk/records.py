"""Records that are canonical JSON: receipts, entries of the key log, certificates of staff."""

import hashlib
import re

from .ed25519 import verify
from .encoding import base64url, canonical_json, exactly, from_hex, is_count, lp, require, uuid

DAY_MS = 86_400_000
CONSENT_PURPOSES = ("processing", "moderation", "archiving", "history_sharing", "analytics")
PURPOSES = ("hand_over", "second_opinion", "supervision", "own_device")


def require_ids(fields, *names):
    for name in names:
        uuid(fields[name])


def receipt(given):
    text = given["text"]
    signed = b"sealdesk/receipt/v1" + text.encode()
    verify(from_hex(given["receiptKey"]), signed, from_hex(given["signature"]))
    require(len(text.encode()) <= 16 * 1024, "too long")
    fields = canonical_json(text)
    checks = {"history_grant": history_grant, "consent": consent, "membership": membership}
    checks.get(fields.get("type"), unknown)(fields)
    return {"type": fields["type"], "id": fields["id"], "signed": signed.hex()}


def unknown(_fields):
    require(False, "an unknown type")


COMMON = ("type", "version", "id", "tenant", "conversation", "after", "atMs")
ACTS = ("created", "member_added", "member_removed", "closed")


def require_common(fields):
    require(fields["version"] == 1 and type(fields["version"]) is int, "another version")
    require_ids(fields, "id", "tenant", "conversation")
    require(is_count(fields["atMs"]), "not a time")
    after = fields["after"]
    require(isinstance(after, dict), "not an event")
    exactly(after, ("seq", "hash"))
    require(is_count(after["seq"]), "not an event")
    base64url(after["hash"], 32)


def members(given):
    fields = []
    for member in given["members"]:
        devices = b"".join(uuid(device) for device in member["devices"])
        fields += [uuid(member["user"]), member["role"].encode(), devices]
    encoded = b"sealdesk/members/v1" + b"".join(map(lp, fields))
    digest = hashlib.sha256(encoded).hexdigest()
    require(digest == given["digest"], "another digest")
    return {"digest": digest}


def membership(fields):
    own = ("kind", "actor", "actorDevice", "subject", "epoch", "members")
    exactly(fields, (*COMMON, *own), optional=("breakGlass",))
    require_common(fields)
    require_ids(fields, "actor", "actorDevice", "subject")
    if "breakGlass" in fields:
        access = fields["breakGlass"]
        require(isinstance(access, dict), "no access")
        exactly(access, ("request", "untilMs"))
        require_ids(access, "request")
        require(is_count(access["untilMs"]), "not a time")
        joins = fields["kind"] == "member_added" and fields["actor"] == fields["subject"]
        require(joins, "nobody joins")
    require(fields["kind"] in ACTS, "another act")
    require(is_count(fields["epoch"]), "not an epoch")
    base64url(fields["members"], 32)


def consent(fields):
    exactly(fields, (*COMMON, "purpose", "user", "device", "state", "record"))
    require_common(fields)
    require_ids(fields, "user", "device")
    require(fields["purpose"] in CONSENT_PURPOSES, "another purpose")
    require(fields["state"] in ("given", "withdrawn"), "another state")
    base64url(fields["record"], 32)


def history_grant(fields):
    own = ("grantor", "grantorDevice", "recipient", "recipientDevices", "fromSeq", "toSeq")
    exactly(fields, (*COMMON, "purpose", *own, "fromHash", "toHash", "packs"), optional=("consent",))
    require_common(fields)
    require_ids(fields, "grantor", "grantorDevice", "recipient")
    if "consent" in fields:
        uuid(fields["consent"])
    require(fields["purpose"] in PURPOSES, "another purpose")
    require(is_count(fields["fromSeq"], 1) and is_count(fields["toSeq"], fields["fromSeq"]), "no range")
    for name in ("fromHash", "toHash"):
        base64url(fields[name], 32)
    devices = fields["recipientDevices"]
    require(isinstance(devices, list) and 1 <= len(devices) <= 256, "no list of devices")
    require([uuid(each) for each in devices] == sorted({uuid(each) for each in devices}), "an order")
    packs = fields["packs"]
    require(isinstance(packs, list) and 1 <= len(packs) <= 32, "no list of packs")
    for pack in packs:
        require(isinstance(pack, dict), "not a pack")
        exactly(pack, ("attachment", "digest"))
        require_ids(pack, "attachment")
        base64url(pack["digest"], 32)


KEYS = {"accountKey": 32, "deviceKey": 32, "identityKey": 33, "receiptKey": 32, "certificate": 64}


def key_entry(given):
    fields = canonical_json(given["text"])
    names = ("type", "change", "version", "tenant", "user", "device", *KEYS)
    exactly(fields, names, optional=("approvedBy", "approval", "list"))
    require(fields["type"] == "key_change", "another type")
    require(fields["change"] in ("device_added", "device_removed"), "another change")
    require(is_count(fields["version"], 1), "not a version")
    require_ids(fields, "tenant", "user", "device")
    values = {name: base64url(fields[name], length) for name, length in KEYS.items()}
    require("approvedBy" not in fields or "approval" in fields, "half an approval")
    if "approval" in fields:
        require(fields["change"] == "device_added", "a removal with an approval")
        base64url(fields["approval"], 64)
    if "approvedBy" in fields:
        uuid(fields["approvedBy"])
    if "list" in fields:
        require_list(fields["list"])
    return {
        "change": fields["change"],
        "version": fields["version"],
        "device": fields["device"],
        "deviceKey": values["deviceKey"].hex(),
        "certificate": values["certificate"].hex(),
        "listVersion": fields.get("list", {}).get("version"),
        "approvedBy": fields.get("approvedBy"),
    }


def require_list(fields):
    require(isinstance(fields, dict), "not a list of devices")
    exactly(fields, ("version", "issuedAtMs", "validUntilMs", "signedBy", "signature"))
    uuid(fields["signedBy"])
    base64url(fields["signature"], 64)
    require(is_count(fields["version"], 1), "not a version")
    begin, end = fields["issuedAtMs"], fields["validUntilMs"]
    require(is_count(begin) and is_count(end, begin + 1), "not a time")
    require(end - begin <= 30 * DAY_MS, "more than 30 days")
