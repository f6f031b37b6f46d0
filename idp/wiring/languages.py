"""Contains the languages of pages and mails, as the settings say. Not here: what a file holds (`web/languages`)."""

from idp.settings import Settings, bad_setting
from idp.web.languages import BadLanguage, Languages, open_languages
from idp.wiring.operator_files import unreadable

_EXPECTED = "a folder of messages.<tag>.toml, each with every text of messages.fr.toml"


def build_languages(settings: Settings) -> Languages:
    """Returns them. Raises BadSetting: a file that cannot serve, or a default that is none of them."""
    where = settings.where
    try:
        languages = open_languages(where.languages_directory)
    except BadLanguage as bad:
        raise bad_setting("LANGUAGES_DIRECTORY", f"{_EXPECTED}; {bad}") from None
    except NotADirectoryError:
        raise bad_setting("LANGUAGES_DIRECTORY", f"{_EXPECTED}; it is a file") from None
    except OSError as error:
        raise unreadable("LANGUAGES_DIRECTORY", _EXPECTED, error) from None
    try:
        return languages.with_default(where.default_locale)
    except KeyError:
        expected = ", ".join(languages.tags[:-1]) + f" or {languages.tags[-1]}"
        raise bad_setting("DEFAULT_LOCALE", f"{expected}; it is none of them") from None
