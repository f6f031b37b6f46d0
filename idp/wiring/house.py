"""Contains what the operator gives the pages, read where some are shown. Not here: what it is (`web/house`)."""

from idp.settings import Settings, bad_setting
from idp.web.house import BadHouse, Houses, open_house
from idp.wiring.operator_files import unreadable


def build_houses(settings: Settings) -> Houses:
    """Raises BadSetting: a file that cannot serve."""
    try:
        return open_house(settings.house, settings.help_line)
    except BadHouse as bad:
        if isinstance(bad.__cause__, OSError):
            raise unreadable(bad.name, str(bad), bad.__cause__) from None
        raise bad_setting(bad.name, str(bad)) from None
