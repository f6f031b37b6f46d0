"""Keys directories for tests: as an earlier version left them, and as this one keeps them.

Contains files and the house policy. Not here: a rule of the ring.
"""

from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.key_files.directory import RING, KeyDirectory
from idp.adapters.key_files.ring_file import ring_text
from idp.adapters.owned_file import write_whole
from idp.adapters.software_signer import SoftwareSigner, generate_signer, private_pem
from idp.core.clock import Clock
from idp.signing.schedule import RingPolicy
from tests.limits import within

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
#: The defaults of the settings.
POLICY = RingPolicy(
    publish_before=DAY, retire_after=DAY, token_life=timedelta(hours=4), clock_skew=timedelta(seconds=60)
)


def write_key(path: Path, signer: SoftwareSigner) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(private_pem(signer))
    return path


def write_pair(directory: Path, day: str) -> list[Path]:
    """What the first version's `idp keys generate` wrote: two files named by their day, no ring."""
    return [
        write_key(directory / f"sign-{day}-rsa.pem", generate_signer("RS256")),
        write_key(directory / f"sign-{day}-p256.pem", generate_signer("ES256")),
    ]


def write_short_pair(directory: Path, day: str) -> list[Path]:
    """The same with the shortest RSA key that is taken: reading one of 3072 bits takes a tenth of a second."""
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return [
        write_key(directory / f"sign-{day}-rsa.pem", SoftwareSigner(short)),
        write_key(directory / f"sign-{day}-p256.pem", generate_signer("ES256")),
    ]


def write_ring(directory: KeyDirectory) -> None:
    """As after its first change: the ring names the keys that are there."""
    content = ring_text(directory.schedule().records).encode()
    write_whole(directory.path / RING, content, like=directory.path)


def key_directory(
    path: Path, clock: Clock, policy: RingPolicy = POLICY, hsm_keys: HsmKeys | None = None
) -> KeyDirectory:
    return KeyDirectory(
        path=path,
        policy=policy,
        clock=clock,
        hsm_keys=hsm_keys or HsmKeys(Hsm(timeout=timedelta(seconds=within(3)))),
    )
