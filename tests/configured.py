"""Settings of tests, by the names of the environment in small letters: `settings_with(issuer=…, code_life=…)`."""

from typing import Any

from idp.settings import Settings
from idp.settings.checked import settings_of, value_of
from idp.settings.groups import catalogue


def settings_with(**flat: Any) -> Settings:
    """Raises BadSetting."""
    return settings_of({name.upper(): value for name, value in flat.items()})


def changed(settings: Settings, **flat: Any) -> Settings:
    """The same but for these. Raises BadSetting."""
    return settings_of(
        {name: value_of(settings, name) for name in catalogue()}
        | {name.upper(): value for name, value in flat.items()}
    )
