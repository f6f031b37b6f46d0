"""What all peers are given: one confidential client, sixteen persons, one RSA and one EC key."""

import json
import os
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.processes import work_directory

CLIENT_ID = "bench-rp"
CLIENT_SECRET = "bench-secret-0123456789abcdef-0123456789"
REDIRECT_URI = "http://127.0.0.1:9/cb"
PERSONS = 16


def password_of(person: int) -> str:
    return f"violon tambour {person:02d} orage lac"


def client() -> dict[str, Any]:
    """Returns the members of `Target` that are the same for all."""
    return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": REDIRECT_URI}


def users() -> list[tuple[str, str]]:
    return [(f"user{rank:02d}", password_of(rank)) for rank in range(PERSONS)]


def fixture_directory() -> Path:
    """Returns where the keys are (rsa.pem, ec.pem) and fixture.json with the hashes, made at the first call."""
    place = work_directory() / "fixture"
    if not (place / "fixture.json").exists():
        place.mkdir(exist_ok=True)
        for name, key in (
            ("rsa.pem", rsa.generate_private_key(65537, 2048)),
            ("ec.pem", ec.generate_private_key(ec.SECP256R1())),
        ):
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (place / name).write_bytes(pem)
        # The parameters that Caducée has by itself (docs/settings.md, ARGON2_*): the password costs all the same.
        hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        hashed = [[name, password, hasher.hash(password)] for name, password in users()]
        written = place / "fixture.json.new"
        written.write_text(json.dumps({**client(), "users": hashed}))
        os.replace(written, place / "fixture.json")
    return place
