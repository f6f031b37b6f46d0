"""Contains what Pro Santé Connect said about a person, for clients with scope `psc` or `professional_context`.

In the userinfo only, from the last identification, as it stands at the moment of the request. Not here: the ID Token.
"""

from collections.abc import Collection
from typing import Any

from idp.accounts.practice import Practice, current_practice, practices_of
from idp.accounts.standing import Told

_AS_RECEIVED = ("SubjectRefPro", "SubjectRole", "otherIds")
_CONTEXT = "professional_context"
_NAMES = frozenset({*_AS_RECEIVED, _CONTEXT})


def asks_upstream(names: Collection[str]) -> bool:
    """Whether one of these claims is what Pro Santé Connect said."""
    return not _NAMES.isdisjoint(names)


def upstream_claims(told: Told | None, names: Collection[str], context_key: str | None) -> dict[str, Any]:
    """Returns those of the claims that are known (Core §5.3.2: absent rather than null).

    `context_key`: of the professional context that the grant is for; None: the one that the person chose.
    """
    if told is None:
        return {}
    known: dict[str, Any] = {
        name: told.claims[name] for name in _AS_RECEIVED if name in names and name in told.claims
    }
    if _CONTEXT in names:
        practice = _practice(practices_of(told.claims), told.chosen_key, context_key)
        if practice is not None:
            known[_CONTEXT] = practice.released()
    return known


def _practice(practices: tuple[Practice, ...], chosen: str | None, granted: str | None) -> Practice | None:
    if granted is None:
        return current_practice(practices, chosen)
    # Told no more, no other structure is told in its name, were it the only one left.
    return next((one for one in practices if one.key == granted), None)
