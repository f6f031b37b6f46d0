"""« Reprendre la connexion »: what an interaction begun again by a click has of the one that expired.

Contains that one function. Not here: who may begin again (`binding`), beginning (`hub`).
"""

import dataclasses

from idp.accounts.enrolment import proof_mark
from idp.interaction.record import Interaction


def resumed(new: Interaction, expired: Interaction) -> Interaction:
    """Returns the interaction of the same request: what was typed waits for the same proof."""
    typed_for = proof_mark(expired.identity) if expired.identity else expired.draft_of
    return dataclasses.replace(
        new,
        restarted=True,
        # `id_token_hint` itself is not kept: the person that it named is.
        subject=expired.subject,
        enrolment_draft=expired.enrolment_draft if typed_for else {},
        draft_of=typed_for if expired.enrolment_draft else "",
    )
