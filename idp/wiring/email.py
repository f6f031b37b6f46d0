"""Contains all that has to do with an e-mail address, built. Not here: the section of the account (`account`)."""

from collections.abc import Iterator

from idp.accounts.email_change import EmailChanges
from idp.adapters.sql.email_undos import SqlEmailUndos
from idp.core.ephemeral import Kind
from idp.flows.account.email_undo import EmailUndoFlow
from idp.flows.email_again import EmailAgainFlow
from idp.flows.password_closed import PasswordClosedFlow
from idp.flows.shared.address_form import AddressForm
from idp.flows.shared.email_changing import EmailChanging
from idp.web.page_routes import Flow
from idp.wiring.flow_parts import FlowParts
from idp.wiring.itinerary import build_proved_again
from idp.wiring.parts import Parts
from idp.wiring.web import network_quota


def build_address_form(parts: Parts, shared: FlowParts) -> AddressForm:
    s, limits = parts.settings, parts.settings.mail_code
    quota = network_quota(
        parts.resources, parts.web, Kind.MAIL_QUOTA_IP, limits.per_network, limits.network_window
    )
    changes = EmailChanges(
        durable=parts.resources.durable,
        accounts=parts.accounts,
        life=s.email.change_life,
        is_sharing_allowed=s.email.shared,
    )
    changing = EmailChanging(
        work=parts.work,
        accounts=parts.accounts,
        changes=changes,
        undos=SqlEmailUndos(parts.database),
        undo_life=s.email.change_undo_life,
        codes=shared.codes,
        post=shared.sender.post,
        mails=parts.web.mails,
        notices=shared.notices,
        sharing=shared.sharing,
        quota=quota,
        audit=parts.audit,
        clock=parts.clock,
        issuer=s.where.issuer,
    )
    return AddressForm(
        changing=changing,
        changes=changes,
        codes=shared.codes,
        quota=quota,
        rule=build_proved_again(s),
        clock=parts.clock,
    )


def build_email(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    """Yields the stops that concern the address, and the page of the link in the mail to the former one."""
    yield EmailAgainFlow(
        desk=shared.desk,
        work=parts.work,
        accounts=parts.accounts,
        form=build_address_form(parts, shared),
        clock=parts.clock,
    )
    settings = parts.settings
    help_desk = settings.help_line
    yield PasswordClosedFlow(
        desk=shared.desk, accounts=parts.accounts, clock=parts.clock, help_desk=help_desk
    )
    yield EmailUndoFlow(
        work=parts.work,
        accounts=parts.accounts,
        undos=SqlEmailUndos(parts.database),
        notices=shared.notices,
        audit=parts.audit,
        clock=parts.clock,
        cookies=parts.web.cookies,
        forms=parts.web.forms,
        rendering=parts.web.rendering,
        help_desk=help_desk,
    )
