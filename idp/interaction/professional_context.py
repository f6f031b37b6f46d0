"""The required action of choosing a professional context, for relying parties with scope `professional_context`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import Account
from idp.accounts.practice import Practice, ProfessionalContexts, practices_of
from idp.accounts.standing import Standing
from idp.accounts.upstream_link import UpstreamLinks
from idp.interaction.record import Interaction

SCOPE = "professional_context"
#: OpenID Connect Core §3.1.2.1: the relying party wants the person to choose once more.
_CHOOSE_AGAIN = frozenset({"select_account", "consent"})


def asks_for_context(interaction: Interaction) -> bool:
    return SCOPE in interaction.request.get("scope", "").split()


@dataclass(frozen=True, slots=True)
class ContextAction:
    links: UpstreamLinks
    contexts: ProfessionalContexts
    name: str = "professional_context"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True while several contexts are known and none of them is chosen for this relying party."""
        if standing.told is None or not asks_for_context(interaction):
            return False
        practices = practices_of(standing.told.claims)
        if len(practices) < 2:
            return False
        if standing.told.chosen_key not in {one.key for one in practices}:
            return True
        # The choice made for this very request answers it: the page is not shown a second time.
        is_wished = _CHOOSE_AGAIN & set(interaction.request.get("prompt", "").split())
        return bool(is_wished) and not interaction.has_chosen_context

    def remembered(self, account: Account) -> Mapping[str, Practice]:
        """Returns, by `client_id`, the remembered choices: for these clients the page is not shown."""
        by_key = {one.key: one for one in self.practices(account)}
        if len(by_key) < 2:
            return {}
        chosen = self.contexts.all_chosen(account.id)
        return {client: by_key[one.key] for client, one in chosen.items() if one.key in by_key}

    def practices(self, account: Account) -> tuple[Practice, ...]:
        """Returns the contexts that Pro Santé Connect last told; none for a person it never identified."""
        link = self.links.find(account.id)
        return practices_of(link.claims) if link else ()
