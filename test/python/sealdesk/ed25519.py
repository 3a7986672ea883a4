"""Ed25519 as docs/crypto.md requires it: RFC 8032 without cofactor, and strict encodings."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .encoding import Refused, require

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def decompress(encoded):
    """The point of 32 bytes (RFC 8032, 5.1.3). Refuses an encoding that is not the one of its point."""
    require(len(encoded) == 32, "a point has 32 bytes")
    y = int.from_bytes(encoded, "little") & ((1 << 255) - 1)
    sign = encoded[31] >> 7
    require(y < P, "y is not below the prime")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    require((x * x - square) % P == 0, "not on the curve")
    require(x != 0 or sign == 0, "a negative zero")
    return (P - x if x & 1 != sign else x), y


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P
    return x, y


def require_sound(encoded):
    """The point is in its one encoding, and its order does not divide 8."""
    point = decompress(encoded)
    for _ in range(3):
        point = add(point, point)
    require(point != (0, 1), "a point of small order")


def verify(key, message, signature):
    require(len(key) == 32 and len(signature) == 64, "a wrong length")
    require_sound(key)
    require_sound(signature[:32])
    require(int.from_bytes(signature[32:], "little") < ORDER, "S is not below the order")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature as error:
        raise Refused("the signature is wrong") from error
