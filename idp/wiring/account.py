"""Contains « Mon compte », built: its sections, and the sign-in that leads there. Not here: what a section shows."""

from collections.abc import Iterator

from idp.adapters.sql.history import SqlHistory
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.adapters.sql.personal_data import SqlPersonalData
from idp.adapters.sql.proofs import SqlProofs
from idp.flows.account.address import AddressFlow
from idp.flows.account.charters import CharterAcceptancesFlow
from idp.flows.account.close import CloseFlow
from idp.flows.account.email import EmailFlow
from idp.flows.account.history import HistoryFlow
from idp.flows.account.home import HomeFlow
from idp.flows.account.identity import IdentityFlow
from idp.flows.account.logos import LogosFlow
from idp.flows.account.more_time import SectionMoreTimeFlow
from idp.flows.account.password import PasswordFlow
from idp.flows.account.personal_data import PersonalDataFlow
from idp.flows.account.sessions import SessionsFlow
from idp.flows.account.sign_in import AccountSignIn
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.current_password import CurrentPassword
from idp.flows.shared.section_deadlines import SectionDeadlines
from idp.flows.shared.signed_in import SignedIn
from idp.flows.shared.typed_in_sections import TypedInSections
from idp.interaction.replies import Replies
from idp.web.arriving import Arriving
from idp.web.page_routes import Flow
from idp.web.sections import Section
from idp.wiring.email import build_address_form
from idp.wiring.flow_parts import FlowParts
from idp.wiring.parts import Parts, build_answers, build_leaving
from idp.wiring.passkeys import build_passkeys, build_passkeys_section


def build_account_sign_in(parts: Parts) -> AccountSignIn:
    web, settings = parts.web, parts.settings
    return AccountSignIn(
        desk=_desk(parts),
        signed_in=_signed_in(parts),
        hub=parts.hub,
        entrance=parts.entrance,
        sign_in=parts.sign_in,
        work=parts.work,
        audit=parts.audit,
        visits=parts.visits,
        cookies=web.cookies,
        arriving=Arriving(web.cookies, web.devices, web.last_doors),
        locales=web.locales,
        interaction_life=settings.lives.interaction_life,
    )


def build_account(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    """Yields the sections that this service has, and the home that links to them."""
    # In the order of the home.
    sections: dict[Section, Flow] = {}
    settings = parts.settings
    sections[Section.IDENTITY] = _identity(parts)
    sections[Section.EMAIL] = _email(parts, shared)
    sections[Section.ADDRESS] = _address(parts)
    if settings.password.door:
        sections[Section.PASSWORD] = _password(parts, shared)
    if settings.passkey.is_open_at(settings.where.issuer):
        sections[Section.PASSKEYS] = build_passkeys_section(parts, shared, _desk(parts))
    sections[Section.SESSIONS] = _sessions(parts)
    sections[Section.HISTORY] = _history(parts, shared)
    sections[Section.CHARTERS] = CharterAcceptancesFlow(
        desk=_desk(parts),
        charters=parts.charters,
        clients=parts.clients,
        locales=parts.web.locales,
        rendering=parts.web.rendering,
    )
    sections[Section.DATA] = _personal_data(parts)
    yield from sections.values()
    yield _close(parts, shared)
    yield SectionMoreTimeFlow(desk=_desk(parts), sections=tuple(sections))
    yield _home(parts, tuple(sections))
    yield LogosFlow(parts.clients)


def _signed_in(parts: Parts) -> SignedIn:
    return SignedIn(
        sessions=parts.sessions,
        accounts=parts.accounts,
        visits=parts.visits,
        doors=parts.itinerary.doors,
    )


def _desk(parts: Parts) -> AccountDesk:
    web, lives, signed_in = parts.web, parts.settings.lives, _signed_in(parts)
    return AccountDesk(
        signed_in=signed_in,
        deadlines=SectionDeadlines(
            signed_in=signed_in,
            within=lives.fresh_proof_life,
            may_prove=parts.itinerary.is_anyone_identified,
        ),
        replies=Replies(parts.store, lives.interaction_life),
        typed=TypedInSections(
            store=parts.store,
            signed_in=signed_in,
            forms=web.forms,
            cookies=web.cookies,
            life=lives.form_kept_life,
        ),
        forms=web.forms,
        rendering=web.rendering,
        clock=parts.clock,
    )


def _home(parts: Parts, sections: tuple[Section, ...]) -> HomeFlow:
    web = parts.web
    return HomeFlow(
        signed_in=_signed_in(parts),
        work=parts.work,
        clients=parts.clients,
        cookies=web.cookies,
        forms=web.forms,
        rendering=web.rendering,
        stations=web.stations,
        context=parts.context,
        contexts=parts.contexts,
        audit=parts.audit,
        clock=parts.clock,
        itinerary=parts.itinerary,
        sections=sections,
        passkeys=build_passkeys(parts),
    )


def _sessions(parts: Parts) -> SessionsFlow:
    return SessionsFlow(
        desk=_desk(parts),
        work=parts.work,
        accounts=parts.accounts,
        open_sessions=parts.open_sessions,
        sessions=parts.sessions,
        sign_out=parts.sign_out,
        clients=parts.clients,
        locales=parts.web.locales,
        visits=parts.visits,
        leaving=build_leaving(parts),
    )


def _history(parts: Parts, shared: FlowParts) -> HistoryFlow:
    settings = parts.settings
    return HistoryFlow(
        desk=_desk(parts),
        work=parts.work,
        accounts=parts.accounts,
        history=SqlHistory(parts.database),
        audit=parts.audit,
        sign_out=parts.sign_out,
        clients=parts.clients,
        locales=parts.web.locales,
        leaving=build_leaving(parts),
        answers=build_answers(parts),
        notices=shared.notices,
        passkeys=SqlPasskeys(parts.database),
        help_desk=settings.help_line,
    )


def _email(parts: Parts, shared: FlowParts) -> EmailFlow:
    return EmailFlow(desk=_desk(parts), form=build_address_form(parts, shared), locales=parts.web.locales)


def _identity(parts: Parts) -> IdentityFlow:
    web = parts.web
    return IdentityFlow(desk=_desk(parts), proofs=SqlProofs(parts.database), locales=web.locales)


def _address(parts: Parts) -> AddressFlow:
    return AddressFlow(desk=_desk(parts), work=parts.work, accounts=parts.accounts, audit=parts.audit)


def _current_password(parts: Parts, shared: FlowParts) -> CurrentPassword:
    web = parts.web
    return CurrentPassword(
        passwords=shared.passwords,
        throttle=shared.throttle,
        quota=shared.password_posts,
        devices=shared.devices,
        cookies=web.cookies,
        audit=parts.audit,
        clock=parts.clock,
    )


def _password(parts: Parts, shared: FlowParts) -> PasswordFlow:
    return PasswordFlow(
        desk=_desk(parts),
        leaving=build_leaving(parts),
        answers=build_answers(parts),
        locales=parts.web.locales,
        current=_current_password(parts, shared),
        change=shared.change,
        judge=shared.judge,
    )


def _personal_data(parts: Parts) -> PersonalDataFlow:
    return PersonalDataFlow(
        desk=_desk(parts),
        data=SqlPersonalData(parts.database),
        sessions=parts.sessions,
        audit=parts.audit,
        locales=parts.web.locales,
    )


def _close(parts: Parts, shared: FlowParts) -> CloseFlow:
    settings = parts.settings
    return CloseFlow(
        desk=_desk(parts),
        work=parts.work,
        accounts=parts.accounts,
        open_sessions=parts.open_sessions,
        clients=parts.clients,
        audit=parts.audit,
        notices=shared.notices,
        sign_out=parts.sign_out,
        leaving=build_leaving(parts),
        answers=build_answers(parts),
        locales=parts.web.locales,
        grace=settings.closing.closing_grace,
    )
