"""Notices, consent records, the server's statements about them, and receipts of consents."""

import hashlib
import json
import re

from . import devices, logs, records
from .ed25519 import verify
from .encoding import base64url, canonical_json, exactly, from_hex, is_count, require, uuid

PURPOSES = ("processing", "moderation", "archiving", "history_sharing", "analytics")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
STATEMENT_MS = 50_000


def sha256(value):
    return hashlib.sha256(value).digest()


def written(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def notice_digest(tenant, version, language, controller, text):
    said = {"tenant": tenant, "version": version, "language": language}
    return sha256(b"sealdesk/notice/v1" + written({**said, "controller": controller, "text": text}))


def notice(given):
    names = ("tenant", "version", "language", "controller", "text")
    digest = notice_digest(*(given[name] for name in names)).hex()
    require(digest == given["digest"], "another digest")
    return {"digest": digest}


def signed_text(given, label, most):
    verify(from_hex(given["receiptKey"]), label + given["text"].encode(), from_hex(given["signature"]))
    require(len(given["text"].encode()) <= most, "too long")
    return canonical_json(given["text"])


def require_notice(fields):
    require(isinstance(fields, dict), "no notice")
    exactly(fields, ("version", "language", "digest"))
    require(is_count(fields["version"]), "no version")
    require(LANGUAGE.fullmatch(fields["language"]), "no language")
    base64url(fields["digest"], 32)


def require_version(fields):
    require(fields["version"] == 1 and type(fields["version"]) is int, "another version")


def notice_view(given):
    fields = signed_text(given, b"sealdesk/notice-view/v1", 1024)
    exactly(fields, ("version", "tenant", "user", "device", "notice", "atMs"))
    require_version(fields)
    for name in ("tenant", "user", "device"):
        uuid(fields[name])
    require_notice(fields["notice"])
    require(is_count(fields["atMs"]), "not a time")
    return {name: fields["notice"][name] for name in ("version", "language")}


def chain_point(fields):
    require(isinstance(fields, dict), "no place in a chain")
    exactly(fields, ("number", "digest"))
    require(is_count(fields["number"]), "no number")
    base64url(fields["digest"], 32)


def consent_fields(fields):
    stated = ("version", "id", "tenant", "user", "device", "purpose", "previous", "atMs", "state")
    if fields.get("state") == "given":
        exactly(fields, (*stated, "lawfulBasis", "notice"), optional=("conversation", "expiresAtMs"))
        require(fields["lawfulBasis"] in ("consent", "explicit_consent"), "another basis")
        require_notice(fields["notice"])
        if "expiresAtMs" in fields:
            require(is_count(fields["expiresAtMs"], fields["atMs"] + 1), "an end before it begins")
    else:
        exactly(fields, stated, optional=("conversation",))
        require(fields["state"] == "withdrawn", "another state")
    require_version(fields)
    for name in ("id", "tenant", "user", "device", "conversation"):
        if name in fields:
            uuid(fields[name])
    require(fields["purpose"] in PURPOSES, "another purpose")
    chain_point(fields["previous"])
    require(is_count(fields["atMs"]), "not a time")
    return fields


def consent_record(given):
    fields = consent_fields(signed_text(given, b"sealdesk/consent/v1", 2048))
    digest = sha256(given["text"].encode()).hex()
    return {"id": fields["id"], "state": fields["state"], "digest": digest}


def consent_statement(given):
    _, key, text, signature = logs.signature_by(given["note"], given["vkey"], 1)
    verify(key, text.encode(), signature)
    first, body, end = (*text.split("\n", 2), "", "")[:3]
    require(first == "sealdesk/consent-statement/v1" and end == "", "another note")
    fields = canonical_json(body)
    names = ("version", "tenant", "user", "conversation", "purpose", "chain", "inForce", "nonce")
    exactly(fields, (*names, "atMs", "untilMs"), optional=("decidedBy",))
    require_version(fields)
    for name in ("tenant", "user", "conversation"):
        uuid(fields[name])
    require(fields["purpose"] in PURPOSES, "another purpose")
    chain_point(fields["chain"])
    if "decidedBy" in fields:
        chain_point(fields["decidedBy"])
    require(type(fields["inForce"]) is bool, "not an answer")
    require(not fields["inForce"] or "decidedBy" in fields, "in force by no record")
    base64url(fields["nonce"], 32)
    require(is_count(fields["atMs"]), "not a time")
    require(is_count(fields["untilMs"], fields["atMs"]), "over before it began")
    require(fields["untilMs"] <= fields["atMs"] + STATEMENT_MS, "valid for too long")
    return {"inForce": fields["inForce"], "untilMs": fields["untilMs"]}


def consent_receipt(given):
    file = json.loads(given["receipt"])
    require(file["format"] == "sealdesk/consent-receipt/v1", "another format")
    text = bytes_of(file["record"])
    record = consent_fields(canonical_json(text.decode()))
    signer = arrived([bytes_of(each).decode() for each in file["devices"]])
    for name in ("tenant", "user", "device"):
        require(signer[name] == record[name], "another signer")
    signed = b"sealdesk/consent/v1" + text
    verify(base64url(signer["receiptKey"], 32), signed, bytes_of(file["signature"]))
    require_same_notice(record, file.get("notice"))
    entry = bytes_of(file["entry"])
    require_included(entry, file["proof"], given["vkey"])
    said = json.loads(entry)
    about = (said["action"], said["outcome"], said["tenant"], said["actor"]["id"])
    wanted = (f"consent.{record['state']}", "success", record["tenant"], record["user"])
    require(about == wanted, "an entry about something else")
    details = said["details"]
    require(details["consent"] == record["id"], "an entry about another record")
    require(details["record"] == sha256(text).hex(), "an entry about another record")
    return {"id": record["id"], "state": record["state"], "countersignedAtMs": said["occurredAtMs"]}


def arrived(texts):
    """Each device was approved by the one before it, and the first by the account key."""
    before = None
    for text in texts:
        records.key_entry({"text": text})
        entry = canonical_json(text)
        require(entry["change"] == "device_added", "not an arrival")
        require(entry.get("approvedBy") == (before and before["device"]), "approved by another")
        for name in ("tenant", "user", "accountKey"):
            require(before is None or entry[name] == before[name], "another account")
        keys = {name: bytes_of(entry[name]).hex() for name in (*records.KEYS, "approval")}
        devices.device_certificate({**entry, **keys})
        approving = bytes_of(before["deviceKey"] if before else entry["accountKey"]).hex()
        approval = {"approvedBy": entry.get("approvedBy"), "signature": keys["approval"]}
        devices.device_approval({**entry, **keys, **approval, "approvingKey": approving})
        before = entry
    require(before is not None, "no device")
    return before


def bytes_of(text):
    return base64url(text, len(text) * 3 // 4)


def require_same_notice(record, found):
    if record["state"] == "withdrawn":
        require(found is None, "a notice of a withdrawal")
        return
    require(found is not None, "no notice")
    named = record["notice"]
    require(found["language"] == named["language"], "another language")
    said = (named["language"], found["controller"], found["text"])
    digest = notice_digest(record["tenant"], named["version"], *said)
    require(digest == base64url(named["digest"], 32), "another notice")


def require_included(entry, proof, vkey):
    """C2SP tlog-proof."""
    lines, _, checkpoint = proof.partition("\n\n")
    header, index, *hashes = lines.split("\n")
    require(header == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    match = re.fullmatch(r"index (0|[1-9][0-9]{0,15})", index)
    require(match, "no index")
    head = logs.key_log_head({"note": checkpoint, "vkey": vkey})
    path = [logs.base64_of(each).hex() for each in hashes]
    place = {"entry": entry.hex(), "index": int(match[1]), "proof": path}
    logs.inclusion_proof({**place, "size": head["size"], "root": head["root"]})
