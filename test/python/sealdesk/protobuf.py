"""Canonical protobuf: fields in the order of their numbers, no defaults, nothing twice or unknown."""

from .encoding import Refused, require, utf8, uuid_text

VARINT, BYTES = 0, 2
MOST = 2**53 - 1


def varint(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varint(data, at):
    value = 0
    for index in range(10):
        require(at + index < len(data), "truncated")
        byte = data[at + index]
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            require(varint(value) == data[at : at + index + 1], "a number with a byte too many")
            return value, at + index + 1
    raise Refused("a number that is too long")


def number(most=MOST):
    def read(value):
        require(0 < value <= most, "a number out of range, or a default")
        return value

    return VARINT, read


def octets(length=None, most=None):
    def read(value):
        require(length is None or len(value) == length, f"not {length} bytes")
        require(most is None or len(value) <= most, f"more than {most} bytes")
        require(length is not None or value != b"", "a default")
        return value

    return BYTES, read


def hexed(length):
    return BYTES, lambda value: octets(length)[1](value).hex()


def text(most):
    return BYTES, lambda value: utf8(octets(most=most)[1](value))


identifier = (BYTES, uuid_text)


def message(fields):
    return BYTES, lambda value: parse(value, fields)


def parse(data, fields, repeated=()):
    """Reads a message. `fields` maps a number to a name and the type of the field."""
    found = {}
    at, last = 0, 0
    while at < len(data):
        key, at = read_varint(data, at)
        tag, wire_type = key >> 3, key & 7
        require(tag in fields, f"an unknown field {tag}")
        name, (expected, read) = fields[tag]
        require(tag > last or (tag == last and name in repeated), "fields out of order or twice")
        require(wire_type == expected, "another wire type")
        last = tag
        value, at = read_varint(data, at)
        if wire_type == BYTES:
            require(at + value <= len(data), "truncated")
            value, at = data[at : at + value], at + value
        if name in repeated:
            found.setdefault(name, []).append(read(value))
        else:
            found[name] = read(value)
    return found


def require_fields(found, names):
    missing = [name for name in names if name not in found]
    require(not missing, f"without {missing}")
