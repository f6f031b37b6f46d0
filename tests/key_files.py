"""Keys directories for tests: as an earlier version left them, and as this one keeps them.

Contains files and the house policy. Not here: a rule of the ring.
"""

from datetime import timedelta
from pathlib import Path

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.key_files.directory import KeyDirectory
from idp.adapters.software_signer import SoftwareSigner, generate_signer, private_pem
from idp.core.clock import Clock
from idp.signing.schedule import RingPolicy

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


def key_directory(
    path: Path, clock: Clock, policy: RingPolicy = POLICY, hsm_keys: HsmKeys | None = None
) -> KeyDirectory:
    return KeyDirectory(path=path, policy=policy, clock=clock, hsm_keys=hsm_keys or HsmKeys(Hsm()))
