"""The required action of choosing a professional context, for relying parties with scope `professional_context`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.account import Account
from idp.accounts.practice import Practice, ProfessionalContexts, current_practice, practices_of
from idp.accounts.standing import Standing
from idp.accounts.upstream_link import UpstreamLinks
from idp.interaction.record import Interaction

SCOPE = "professional_context"
#: FINESS or SIRET of the structure that the relying party works for.
STRUCTURE_HINT = "structure_hint"
#: OpenID Connect Core §3.1.2.1: the relying party wants the person to choose once more.
_CHOOSE_AGAIN = frozenset({"select_account", "consent"})


def asks_for_context(interaction: Interaction) -> bool:
    return SCOPE in interaction.request.get("scope", "").split()


def hinted_context(standing: Standing, interaction: Interaction) -> str | None:
    """Returns the key of the context at the structure that the relying party works for: the only one there, or the one
    chosen among several; None: the person's choice counts. Only of what Pro Santé Connect told: a hint is never
    believed over it (docs/adr/0056)."""
    if standing.told is None or not asks_for_context(interaction):
        return None
    there = _at_hinted_structure(practices_of(standing.told.claims), interaction)
    taken = current_practice(there, standing.told.chosen_key)
    return None if taken is None else taken.key


def _offered(claims: Mapping[str, object], interaction: Interaction) -> tuple[Practice, ...]:
    """Returns the contexts at the hinted structure, or all when there is none."""
    every = practices_of(claims)
    return _at_hinted_structure(every, interaction) or every


def _at_hinted_structure(practices: tuple[Practice, ...], interaction: Interaction) -> tuple[Practice, ...]:
    # A relying party that wants the person to choose does not choose for them.
    structure = "" if _is_choice_wished(interaction) else interaction.request.get(STRUCTURE_HINT, "")
    return tuple(one for one in practices if one.is_at(structure))


def _is_choice_wished(interaction: Interaction) -> bool:
    return not _CHOOSE_AGAIN.isdisjoint(interaction.request.get("prompt", "").split())


@dataclass(frozen=True, slots=True)
class ContextAction:
    links: UpstreamLinks
    contexts: ProfessionalContexts
    name: str = "professional_context"

    def due(self, standing: Standing, interaction: Interaction, now: datetime) -> bool:
        """Returns True while several contexts are known and none of them is chosen for this relying party."""
        if standing.told is None or not asks_for_context(interaction):
            return False
        offered = _offered(standing.told.claims, interaction)
        if len(offered) < 2:
            return False
        if standing.told.chosen_key not in {one.key for one in offered}:
            return True
        # The choice made for this very request answers it: the page is not shown a second time.
        return _is_choice_wished(interaction) and not interaction.has_chosen_context

    def remembered(self, account: Account) -> Mapping[str, Practice]:
        """Returns, by `client_id`, the remembered choices: for these clients the page is not shown."""
        by_key = {one.key: one for one in self.practices(account)}
        if len(by_key) < 2:
            return {}
        chosen = self.contexts.all_chosen(account.id)
        return {client: by_key[one.key] for client, one in chosen.items() if one.key in by_key}

    def offered(self, account: Account, interaction: Interaction) -> tuple[Practice, ...]:
        """Returns the contexts to choose among for this request."""
        link = self.links.find(account.id)
        return _offered(link.claims, interaction) if link else ()

    def practices(self, account: Account) -> tuple[Practice, ...]:
        """Returns the contexts that Pro Santé Connect last told; none for a person it never identified."""
        link = self.links.find(account.id)
        return practices_of(link.claims) if link else ()
