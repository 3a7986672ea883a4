"""Notation of docs/crypto.md: byte strings, UUIDs, lengths, and canonical JSON (RFC 8785)."""

import base64
import json
import re


class Refused(Exception):
    """The input is not one that an implementation may accept."""


def require(condition, why):
    if not condition:
        raise Refused(why)


def from_hex(text, length=None):
    value = bytes.fromhex(text)
    require(length is None or len(value) == length, f"not {length} bytes")
    return value


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def uuid(text):
    """The 16 bytes of a UUID in its text form, in lower case."""
    require(isinstance(text, str) and UUID.fullmatch(text), "not a UUID")
    return bytes.fromhex(text.replace("-", ""))


def uuid_text(value):
    require(len(value) == 16, "not a UUID")
    digits = value.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(parts)


def unsigned(value, length):
    require(0 <= value < 1 << (8 * length), "does not fit")
    return value.to_bytes(length, "big")


def lp(value):
    return unsigned(len(value), 4) + value


def utf8(value):
    try:
        return value.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error


def base64url(text, length):
    """base64url without padding, in the one encoding of these bytes."""
    require(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text), "not base64url")
    require(len(text) % 4 != 1, "not base64url")
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    encoded = base64.urlsafe_b64encode(value).decode().rstrip("=")
    require(encoded == text and len(value) == length, "not base64url of this length")
    return value


MOST = 2**53 - 1


def is_count(value, least=0):
    return type(value) is int and least <= value <= MOST


def canonical_json(text):
    """The object of a text that is exactly the canonical form (RFC 8785) of an object.

    The records have texts, whole numbers, lists and objects, and names in ASCII. Of these, Python
    writes the canonical form.
    """

    def no_repetition(pairs):
        require(len({name for name, _ in pairs}) == len(pairs), "a name comes twice")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=no_repetition)
    except ValueError as error:
        raise Refused("not JSON") from error
    require(isinstance(value, dict), "not an object")
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    require(written == text, "not the canonical form")
    return value


def exactly(fields, names, optional=()):
    """The fields have these names and no others."""
    found = set(fields)
    require(set(names) <= found <= set(names) | set(optional), "other fields than the documented ones")
