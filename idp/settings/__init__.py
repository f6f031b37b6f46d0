"""What the operator chose: typed, frozen, in groups. The only reader of the environment.

Contains one module for each group, with its rules: `settings.psc.client_id` is `CADUCEE_PSC_CLIENT_ID`. Not here: what
is built from them (`wiring`). docs/settings.md is written from these modules (`document`).
"""

from idp.settings.addresses import LOOPBACK_HOSTS
from idp.settings.checked import Settings
from idp.settings.environment import (
    calling_operator,
    read_settings,
    secret_variable,
    settings_from_environment,
    windows_directory,
)
from idp.settings.faults import BadSetting, bad_setting

__all__ = [
    "LOOPBACK_HOSTS",
    "BadSetting",
    "Settings",
    "bad_setting",
    "calling_operator",
    "read_settings",
    "secret_variable",
    "settings_from_environment",
    "windows_directory",
]
