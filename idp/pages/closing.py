"""What the page of an account about to end shows. A view-model, as in `sign_in`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingPage:
    """POST base_path/closing keeps the account; POST base_path/closing/leave lets it end."""

    ends_at: str
    #: The person came by card or Pro Santé Connect.
    may_keep: bool
