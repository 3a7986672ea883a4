"""The tenant's authority: certificates of staff, and the keys that sign them (receiver.md, R30 to R32)."""

import re

from .ed25519 import verify
from .encoding import Refused, base64url, canonical_json, exactly, from_hex, is_count, require
from .encoding import unsigned, uuid

DAY_MS = 86_400_000


def staff_certificate(given):
    text = given["text"]
    signed = b"sealdesk/staff/v1" + text.encode()
    verify(from_hex(given["authority"]), signed, from_hex(given["signature"]))
    fields = staff_fields(text)
    account_key = base64url(fields["accountKey"], 32).hex()
    return {"role": fields["role"], "teams": fields["teams"], "accountKey": account_key}


def staff_fields(text):
    require(len(text.encode()) <= 8 * 1024, "too long")
    fields = canonical_json(text)
    ids = ("tenant", "user")
    exactly(fields, ("type", "version", *ids, "accountKey", "role", "teams", "fromMs", "untilMs"))
    require(fields["type"] == "staff_certificate" and fields["version"] == 1, "another type")
    require(type(fields["version"]) is int, "another version")
    for name in ids:
        uuid(fields[name])
    role, teams = fields["role"], fields["teams"]
    require(isinstance(role, str) and re.fullmatch(r"[a-z][a-z_]{0,63}", role), "not a role")
    require(role != "customer", "a customer")
    require(isinstance(teams, list) and len(teams) <= 64, "not a list of teams")
    for team in teams:
        require(isinstance(team, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", team), "not a team")
    require(teams == sorted(set(teams)), "teams are not in ascending order")
    begin, end = fields["fromMs"], fields["untilMs"]
    require(is_count(begin) and is_count(end, begin + 1), "not a time")
    require(end - begin <= 31 * DAY_MS, "more than 31 days")
    base64url(fields["accountKey"], 32)
    return fields


def authority_entry(given):
    fields = entry_fields(given["text"])
    if "handover" in fields:
        verify_handover(fields, from_hex(given["before"], 32))
    key = base64url(fields["authorityKey"], 32).hex()
    return {"change": fields["change"], "version": fields["version"], "authorityKey": key}


def entry_fields(text):
    fields = canonical_json(text)
    names = ("type", "change", "tenant", "version", "authorityKey", "atMs")
    exactly(fields, names, optional=("handover",))
    require(fields["type"] == "authority_key", "another type")
    require(fields["change"] in ("added", "retired"), "another change")
    require(is_count(fields["version"], 1) and is_count(fields["atMs"]), "not a version and a time")
    base64url(fields["authorityKey"], 32)
    uuid(fields["tenant"])
    if "handover" in fields:
        require(fields["change"] == "added", "a retirement with a handover")
        require(isinstance(fields["handover"], dict), "not two signatures")
        exactly(fields["handover"], ("former", "next"))
        for name in ("former", "next"):
            base64url(fields["handover"][name], 64)
    return fields


def verify_handover(fields, former):
    key = base64url(fields["authorityKey"], 32)
    place = unsigned(fields["version"], 8) + unsigned(fields["atMs"], 8)
    label = b"sealdesk/authority-handover/v1"
    signed = label + uuid(fields["tenant"]) + former + key + place
    verify(former, signed, base64url(fields["handover"]["former"], 64))
    verify(key, signed, base64url(fields["handover"]["next"], 64))


def hands_over(former, entry):
    if entry["change"] != "added" or "handover" not in entry:
        return False
    try:
        verify_handover(entry, key_of(former))
    except Refused:
        return False
    return True


def key_of(entry):
    return base64url(entry["authorityKey"], 32)


def keys_from(entries, anchor):
    """The keys before and after the trusted one, each with its end."""
    added = [entry for entry in entries if entry["change"] == "added"]
    at = next((at for at, entry in enumerate(added) if key_of(entry) == anchor), None)
    require(at is not None, "the log does not have the trusted key")
    chain = [added[at]]
    for entry in reversed(added[:at]):
        if hands_over(entry, chain[0]):
            chain.insert(0, entry)
    for entry in added[at + 1 :]:
        if hands_over(chain[-1], entry):
            chain.append(entry)
    ends = [entry["atMs"] for entry in chain[1:]] + [None]
    return list(zip(map(key_of, chain), ends))


def authority_chain(given):
    entries = [entry_fields(text) for text in given["entries"]]
    keys = keys_from(entries, from_hex(given["anchor"], 32))
    text, signature = given["certificate"]["text"], from_hex(given["certificate"]["signature"])
    signed = b"sealdesk/staff/v1" + text.encode()
    certificate, at = staff_fields(text), given["atMs"]
    begin, end = certificate["fromMs"] - DAY_MS, certificate["untilMs"] + DAY_MS
    require(begin <= at <= end, "the certificate was not valid then")
    for key, ended in keys:
        try:
            verify(key, signed, signature)
        except Refused:
            continue
        is_in_time = ended is None or (certificate["fromMs"] <= ended and at <= ended + DAY_MS)
        require(is_in_time, "the key had handed over")
        return {"authority": key.hex(), "keys": [[each.hex(), ends] for each, ends in keys]}
    raise Refused("no key of the authority signed it")
