"""Contains how a file that a setting names, and that cannot be read, is told. Not here: what a file holds."""

from idp.settings import BadSetting, bad_setting
from idp.settings.files import NotRegular, NotText, TooLarge

#: Never the path: the value of a setting is not repeated.
_IT_IS: dict[type[OSError], str] = {
    FileNotFoundError: "absent",
    IsADirectoryError: "a directory",
    PermissionError: "not readable by this user",
    NotRegular: "a pipe, a device or a socket",
    NotText: "not UTF-8 text",
    TooLarge: "larger than such a file can be",
}


def unreadable(name: str, expected: str, error: OSError) -> BadSetting:
    """Returns the fault of the variable `name`, for the operator."""
    return bad_setting(name, f"{expected}; it is {_IT_IS.get(type(error), 'unreadable')}")
