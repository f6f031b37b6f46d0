"""What the pages of an account that is to be closed, or was, show. View-models, as in `sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingPage:
    """POST base_path/closing keeps the account; POST base_path/closing/leave lets it end."""

    ends_at: str
    #: The person came by card or Pro Santé Connect.
    may_keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePage:
    """POST /account/data/close closes the account, whose data is erased at `ends_at`; GET /account/data keeps it.

    `told`, `untold`: names of the applications that are open, by whether they are called at the end of a session.
    """

    ends_at: str
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosingAskedPage:
    """Every session is over. `closes_at`: when the account is erased."""

    closes_at: str
