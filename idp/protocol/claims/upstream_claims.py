"""Contains what Pro Santé Connect said about a person, for clients with scope `psc` or `professional_context`.

In the userinfo only, read at the moment of the request, from the last identification. Not here: the ID Token.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from idp.accounts.account import AccountId
from idp.accounts.practice import ProfessionalContexts, current_practice, practices_of
from idp.accounts.upstream_link import UpstreamLinks

_AS_RECEIVED = ("SubjectRefPro", "SubjectRole", "otherIds")
_CONTEXT = "professional_context"


@dataclass(frozen=True, slots=True)
class UpstreamClaims:
    links: UpstreamLinks
    contexts: ProfessionalContexts

    def of(self, account_id: AccountId, client_id: str, names: Collection[str]) -> dict[str, Any]:
        """Returns those of the claims that are known (Core §5.3.2: absent rather than null)."""
        if not {*_AS_RECEIVED, _CONTEXT} & set(names):
            return {}
        link = self.links.find(account_id)
        if link is None:
            return {}
        told: dict[str, Any] = {
            name: link.claims[name] for name in _AS_RECEIVED if name in names and name in link.claims
        }
        if _CONTEXT in names:
            chosen = self.contexts.chosen(account_id, client_id)
            practice = current_practice(practices_of(link.claims), chosen.key if chosen else None)
            if practice is not None:
                told[_CONTEXT] = practice.released()
        return told
