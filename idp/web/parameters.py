"""Contains how the parameters of a query or a form are read: each once, none too long. Not here: what they mean."""

from werkzeug.datastructures import MultiDict

from idp.core.errors import PageError, Problem


def without_empty(values: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """RFC 6749 §3.1, §3.2: a parameter sent without a value counts as left out."""
    return MultiDict([(name, value) for name, value in values.items(multi=True) if value])


def single_valued(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Raises ValueError on a repeated name (RFC 6749 §3.1), or on a name or value that is too long."""
    flat: dict[str, str] = {}
    for name, found in values.lists():
        if len(found) != 1:
            raise ValueError("a parameter is repeated")
        if len(name) > 100 or len(found[0]) > limit:
            raise ValueError("a parameter is too long")
        flat[name] = found[0]
    return flat


def read_query(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """As `single_valued`, of an address that a person came to. Raises PageError."""
    try:
        return single_valued(values, limit)
    except ValueError as error:
        raise PageError(Problem.BAD_REQUEST, str(error)) from error
