#!/usr/bin/python3
"""Opens every test vector with a second implementation, and checks that it refuses the others.

Usage: verify.py FOLDER. Needs Debian's python3-cryptography and python3-nacl.
"""

import json
import pathlib
import sys

from sealdesk import accounts, attachments, authority, consents, devices, linking, logs, messages, records
from sealdesk.encoding import Refused

MODULES = (devices, messages, attachments, records, consents, authority, logs, linking, accounts)


def check_of(name):
    """The function that is named like the format, with underscores for hyphens."""
    found = [getattr(module, name.replace("-", "_"), None) for module in MODULES]
    checks = [check for check in found if callable(check)]
    if len(checks) != 1:
        raise SystemExit(f"{name}: there must be one check of this name, not {len(checks)}")
    return checks[0]


def faults_of(check, vectors):
    for vector in vectors["accepted"]:
        try:
            computed = check(vector["input"])
        except Refused as reason:
            yield f"{vector['name']}: refused: {reason}"
            continue
        if computed != vector["expected"]:
            yield f"{vector['name']}: {computed} instead of {vector['expected']}"
    for vector in vectors["refused"]:
        try:
            check(vector["input"])
        except Refused:
            continue
        yield f"{vector['name']}: not refused"


def main(folder):
    faults = 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        vectors = json.loads(path.read_text("utf-8"))
        for fault in faults_of(check_of(path.stem), vectors):
            faults += 1
            print(f"{path.stem}: {fault}")
        counts = len(vectors["accepted"]), len(vectors["refused"])
        print(f"{path.stem}: {counts[0]} accepted, {counts[1]} refused")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
