"""One `sub` of Pro Santé Connect under two RPPS (facts/security T5).

Contains the alarm, and the end of an enrolment without other proof. Not here: finding it out
(`accounts/upstream_link`).
"""

import dataclasses

import structlog
from werkzeug.wrappers import Response

from idp.core.audit import AuditEvent
from idp.flows.shared.desk import Desk
from idp.flows.shared.replies import reply_by_get
from idp.interaction.record import Interaction
from idp.interaction.reply import Reply

log = structlog.get_logger()


def alarm(desk: Desk, interaction: Interaction) -> None:
    desk.audit_event(AuditEvent.PSC_SUBJECT_CONFLICT, interaction)
    log.error("psc_subject_of_another_account", interaction_id=interaction.id[:8])


def refuse_enrolment(desk: Desk, interaction: Interaction) -> Response:
    """Keep nothing of that proof, nor of what was typed on it. The page shows the other doors."""
    alarm(desk, interaction)
    bare = dataclasses.replace(
        interaction, events=(), identity=None, enrolment=None, enrolment_draft={}, upstream_id_token=None
    )
    desk.record(bare)
    return reply_by_get(desk, bare, Reply(at="psc", message="conflict", status=403))
