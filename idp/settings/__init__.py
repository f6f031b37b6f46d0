"""What the operator chose: typed, frozen, in groups. The only reader of the environment.

Contains one module for each group, with its rules: `settings.psc.client_id` is `CADUCEE_PSC_CLIENT_ID`. Not here: what
is built from them (`wiring`). docs/settings.md is written from these modules (`document`).
"""

from idp.settings.addresses import LOOPBACK_HOSTS
from idp.settings.checked import Settings
from idp.settings.environment import (
    add_to_environment,
    calling_operator,
    present_environment,
    read_settings,
    secret_variable,
    settings_from_environment,
    windows_directory,
)
from idp.settings.faults import BadSetting, bad_setting
from idp.settings.in_force import settings_in_force
from idp.settings.settings_file import BadSettingsFile, SettingsFile, read_settings_file, settings_file

__all__ = [
    "LOOPBACK_HOSTS",
    "BadSetting",
    "BadSettingsFile",
    "Settings",
    "SettingsFile",
    "add_to_environment",
    "bad_setting",
    "calling_operator",
    "present_environment",
    "read_settings",
    "read_settings_file",
    "secret_variable",
    "settings_file",
    "settings_from_environment",
    "settings_in_force",
    "windows_directory",
]
