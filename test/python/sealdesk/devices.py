"""Certificates, approvals, creation records, and the digest of published keys."""

import hashlib

from .ed25519 import verify
from .encoding import from_hex, lp, require, unsigned, uuid


def device_certificate(given):
    keys = [from_hex(given[name], 32) for name in ("accountKey", "deviceKey")]
    keys += [from_hex(given["identityKey"], 33), from_hex(given["receiptKey"], 32)]
    ids = [uuid(given[name]) for name in ("tenant", "user", "device")]
    signed = b"sealdesk/device/v1" + b"".join(lp(field) for field in ids + keys)
    verify(keys[1], signed, from_hex(given["certificate"]))
    return {"signed": signed.hex()}


def device_approval(given):
    fields = [uuid(given[name]) for name in ("tenant", "user", "device")]
    fields += [from_hex(given[name], 32) for name in ("deviceKey", "accountKey")]
    fields += [b"" if given["approvedBy"] is None else uuid(given["approvedBy"])]
    signed = b"sealdesk/device-approval/v1" + b"".join(map(lp, fields))
    verify(from_hex(given["approvingKey"]), signed, from_hex(given["signature"]))
    return {"signed": signed.hex()}


def device_list(given):
    devices = []
    for listed in given["devices"]:
        device, digest = listed.split(" ")
        devices.append((uuid(device), from_hex(digest, 32)))
    times = [unsigned(given[name], 8) for name in ("version", "issuedAtMs", "validUntilMs")]
    account_key = from_hex(given["accountKey"], 32)
    listed = b"".join(device + digest for device, digest in sorted(devices))
    fields = [uuid(given["tenant"]), uuid(given["user"]), account_key, *times, listed]
    signed = b"sealdesk/device-list/v1" + b"".join(map(lp, fields))
    verify(from_hex(given["signingKey"], 32), signed, from_hex(given["signature"]))
    return {"signed": signed.hex()}


def creation_record(given):
    users = [uuid(user) for user in given["users"]]
    fields = [
        uuid(given["tenant"]),
        uuid(given["conversation"]),
        given["suite"].encode(),
        uuid(given["device"]),
        b"".join(users),
    ]
    signed = b"sealdesk/conversation/v1" + b"".join(map(lp, fields))
    verify(from_hex(given["deviceKey"]), signed, from_hex(given["signature"]))
    require(users == sorted(set(users)), "users are not in ascending order")
    return {"signed": signed.hex()}


def published_keys(given):
    fields = [
        from_hex(given["identityKey"]),
        unsigned(given["signedPreKeyId"], 4),
        from_hex(given["signedPreKey"]),
        unsigned(given["lastResortId"], 4),
        from_hex(given["lastResort"]),
    ]
    record = b"sealdesk/published-keys/v1" + b"".join(map(lp, fields))
    digest = hashlib.sha256(record).hexdigest()
    require(digest == given["digest"], "another digest")
    return {"digest": digest}
