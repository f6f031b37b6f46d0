"""What the page of a person's data shows. View-models, as in `sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptValue:
    """Key "personal_data.column_<column>" names it. `text`: as it is, or None: keys "personal_data.value_<kind>"."""

    column: str
    text: str | None
    #: "none", "yes", "no", "withheld"; "" where there is a text.
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTable:
    """Key "personal_data.table_<name>": words as in a sentence. `left_out`: rows before these, which the copy has."""

    name: str
    rows: tuple[tuple[KeptValue, ...], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPage:
    """POST /account/data/copy gives the copy; GET /account/data/close says what closing the account does.

    Without a proof by card or Pro Santé Connect of the last `minutes` minutes, the page asks for one first.
    """

    minutes: int
    is_proved: bool
    kept: tuple[KeptTable, ...] = ()
    #: Names of the tables that have nothing of the person.
    empty: tuple[str, ...] = ()
    #: A key of the catalogue, or None.
    error: str | None = None
