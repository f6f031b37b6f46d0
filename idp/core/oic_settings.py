"""oic's settings as plain values: its own module loads pydantic, 9 MiB, to read them from the environment.

Contains what stands in `sys.modules` for `oic.utils.settings`, before oic is imported (the packages that know oic see
to that). Not here: oic.
"""

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_NAME = "oic.utils.settings"
#: Every class there, by the names of oic 1.7.0 (tests/house/test_tripwires.py): what sets them apart is unused.
KINDS = (
    "PyoidcSettings",
    "ClientSettings",
    "OauthClientSettings",
    "OicClientSettings",
    "OauthConsumerSettings",
    "ServerSettings",
    "OauthServerSettings",
    "OicServerSettings",
    "OauthProviderSettings",
    "OicProviderSettings",
)


@dataclass(kw_only=True)
class PlainSettings:
    """The members and their defaults. Nothing is read from the environment, where oic would take a `TIMEOUT`."""

    verify_ssl: bool | str = True
    client_cert: Any = None
    timeout: float | tuple[float, float] = 5
    requests_session: Any = None


def stand_in() -> None:
    """Put it in place, once."""
    if _NAME not in sys.modules:
        made = ModuleType(_NAME)
        made.__dict__.update(dict.fromkeys(KINDS, PlainSettings))
        sys.modules[_NAME] = made
