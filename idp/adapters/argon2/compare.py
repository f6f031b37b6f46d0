"""python -m idp.adapters.argon2.compare FILE: whether a build of the library answers as that of the wheel does.

Exits with status 0 if so. Not here: making it (`.ci/argon2`).
"""

import secrets
import sys
from pathlib import Path

from idp.accounts.argon2id import Cost
from idp.adapters.argon2.builds import verified, wheel

#: Cheap ones of every kind, and that of the passwords (facts/security §0.2).
_COSTS = (
    Cost(passes=1, memory_kib=8, lanes=1),
    Cost(passes=3, memory_kib=64, lanes=4),
    Cost(passes=2, memory_kib=19456, lanes=1),
)


def main(file: str) -> int:
    made, known = verified(Path(file)), verified(wheel())
    for cost in _COSTS:
        secret, salt = secrets.token_bytes(44), secrets.token_bytes(16)
        if made.digest(secret, salt, cost, 32) != known.digest(secret, salt, cost, 32):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
