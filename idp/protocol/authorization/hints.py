"""Contains the hints of an authorization request, verified: at a door, at a structure. Not here: what they lead to."""

from collections.abc import Callable, Mapping

from idp.accounts.structures import is_structure_number
from idp.clients.registry import Client
from idp.core.errors import ClientError, RuleBroken
from idp.interaction.hint import PARAMETER as IDP_HINT
from idp.interaction.professional_context import STRUCTURE_HINT
from idp.protocol.rules import request_rules as rules

#: What an Interaction keeps of them.
HINTS = (IDP_HINT, STRUCTURE_HINT)
#: Which doors a client has, by name.
DoorsOf = Callable[[Client], tuple[str, ...]]


def verify_hints(parameters: Mapping[str, str], client: Client, doors_of: DoorsOf) -> None:
    """Raises ClientError for a door that is not open to this client, and what is no number of a structure: on no page
    the person could mend that. A structure that nobody knows is no error."""
    hinted, doors = parameters.get(IDP_HINT), doors_of(client)
    if hinted is not None and hinted not in doors:
        described = f"idp_hint: open to this client: {', '.join(doors) or 'none'}"
        closed = rules.HINTED_DOOR_CLOSED
        raise ClientError(closed.error, described, rule=closed)
    structure = parameters.get(STRUCTURE_HINT)
    if structure is not None and not is_structure_number(structure):
        raise RuleBroken(rules.STRUCTURE_HINT_MALFORMED)
