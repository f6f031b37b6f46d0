"""What an operator chose of Pro Santé Connect, for tests: `expected` as if a preset knew it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from idp.adapters.psc.provider import PscProvider
from idp.settings.psc import PscSettings
from tests.adapters.psc.hostile_psc import REDIRECT_URI


def psc_chosen(
    *,
    issuer: str,
    expected: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
    **chosen: Any,
) -> PscSettings:
    class WithPreset(PscSettings):
        @property
        def expected(self) -> Mapping[str, str]:
            return expected or {}

    kind = PscSettings if expected is None else WithPreset
    return kind(own_issuer=issuer, **(endpoints or {}), **chosen)


def psc_provider(settings: PscSettings, *, redirect_uri: str = REDIRECT_URI, **parts: Any) -> PscProvider:
    return PscProvider(settings, redirect_uri=redirect_uri, skew=timedelta(seconds=60), **parts)
