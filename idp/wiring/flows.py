"""Contains every flow, made with what it needs. Not here: which page is due (`interaction`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint

from idp.accounts.enrolment import PasswordPolicy
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.password import Passwords
from idp.accounts.throttle import PasswordThrottle
from idp.accounts.upstream_linking import UpstreamLinking
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.proofs import SqlProofs
from idp.core.sealing import derive_key
from idp.flows.account import AccountFlow
from idp.flows.charter import CharterFlow
from idp.flows.choice import ChoiceFlow
from idp.flows.cps import CpsFlow
from idp.flows.email_otp import EmailOtpFlow
from idp.flows.enrolment import EnrolmentFlow
from idp.flows.new_password import NewPasswordFlow
from idp.flows.password import PasswordFlow
from idp.flows.professional_context import ProfessionalContextFlow
from idp.flows.psc import PscFlow
from idp.flows.psc_picture import PscPictureFlow
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.desk import Desk
from idp.flows.shared.notice_mail import NoticeMailer
from idp.flows.shared.psc_freshness import Freshness
from idp.flows.shared.shared_stations import SharedStations
from idp.flows.shared.signed_in import SignedIn
from idp.web.psc_button import OfficialPictures
from idp.wiring.accounts import build_mail_codes, build_passwords, build_throttle
from idp.wiring.cards import build_revocation
from idp.wiring.itinerary import build_charter_action
from idp.wiring.parts import Parts
from idp.wiring.psc import psc_pictures

_SERVICE_WORDS = ("caducee", "viatrajectoire", "trajectoire")


class Flow(Protocol):
    def routes(self) -> Blueprint: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What several flows share, beside the parts."""

    desk: Desk
    pictures: OfficialPictures
    notices: NoticeMailer
    linking: UpstreamLinking
    stations: SharedStations
    signed_in: SignedIn
    throttle: PasswordThrottle
    passwords: Passwords
    policy: PasswordPolicy
    sender: CodeSender


def build_flows(parts: Parts) -> list[Flow]:
    """Every flow whose door is open; the order is that of nothing."""
    shared = _shared(parts)
    return [
        *_always(parts, shared),
        *_password(parts, shared),
        *_psc(parts, shared),
        *_cps(parts, shared),
    ]


def _shared(parts: Parts) -> _Shared:
    s, resources = parts.settings, parts.resources
    outbox = SealedOutbox(SqlOutbox(parts.database, parts.clock), resources.sealer)
    notices = NoticeMailer(outbox=outbox, web=parts.web, clock=parts.clock, life=s.mail.notice_life)
    pictures = psc_pictures(s)
    desk = Desk(
        interactions=parts.interactions,
        accounts=parts.accounts,
        itinerary=parts.itinerary,
        audit=parts.audit,
        clock=parts.clock,
        web=parts.web,
        identities=IdentityUpdates(
            accounts=parts.accounts, notices=notices, audit=parts.audit, proofs=SqlProofs(parts.database)
        ),
        upstream=parts.upstream,
        pictures=pictures,
    )
    return _Shared(
        desk=desk,
        pictures=pictures,
        notices=notices,
        linking=UpstreamLinking(
            links=parts.links,
            notices=notices,
            audit=parts.audit,
            store=parts.store,
            life=s.lives.interaction_life,
        ),
        stations=SharedStations(parts.web, s.psc.shared_networks),
        signed_in=SignedIn(
            sessions=parts.sessions, accounts=parts.accounts, clock=parts.clock, web=parts.web
        ),
        throttle=build_throttle(resources),
        passwords=build_passwords(s),
        policy=PasswordPolicy(s.password, _SERVICE_WORDS),
        sender=CodeSender(codes=build_mail_codes(resources), outbox=outbox, desk=desk, clock=parts.clock),
    )


def _always(parts: Parts, shared: _Shared) -> Iterator[Flow]:
    s, desk, sender = parts.settings, shared.desk, shared.sender
    yield ChoiceFlow(desk)
    yield PasswordFlow(
        desk=desk,
        passwords=shared.passwords,
        throttle=shared.throttle,
        sender=sender,
        store=parts.store,
        posts_per_network=s.password.posts_per_network,
        posts_window=s.password.network_window,
        device_key=derive_key(s.keys.application, "device"),
    )
    yield EmailOtpFlow(desk, sender, shared.linking)
    yield EnrolmentFlow(desk=desk, passwords=shared.passwords, sender=sender, policy=shared.policy)
    yield CharterFlow(desk, parts.charters, build_charter_action(parts.resources, parts.web))
    yield ProfessionalContextFlow(desk, parts.context)
    yield PscPictureFlow(shared.pictures)
    yield AccountFlow(
        signed_in=shared.signed_in,
        web=parts.web,
        stations=shared.stations,
        context=parts.context,
        audit=parts.audit,
        has_password=s.password.door,
    )


def _password(parts: Parts, shared: _Shared) -> Iterator[Flow]:
    if parts.settings.password.door:
        yield NewPasswordFlow(
            signed_in=shared.signed_in,
            passwords=shared.passwords,
            sign_out=parts.sign_out,
            notices=shared.notices,
            within=parts.settings.password.change_within,
            policy=shared.policy,
        )


def _psc(parts: Parts, shared: _Shared) -> Iterator[Flow]:
    s = parts.settings
    if parts.upstream is not None:
        yield PscFlow(
            desk=shared.desk,
            store=parts.store,
            upstream=parts.upstream,
            sealer=parts.resources.sealer,
            throttle=shared.throttle,
            linking=shared.linking,
            life=s.lives.upstream_life,
            freshness=Freshness(
                web=parts.web, stations=shared.stations, session_life=s.lives.session_life, skew=s.clock.skew
            ),
        )


def _cps(parts: Parts, shared: _Shared) -> Iterator[Flow]:
    s = parts.settings
    if parts.policy is not None:
        yield CpsFlow(
            desk=shared.desk,
            store=parts.store,
            policy=parts.policy,
            revocation=build_revocation(parts.resources, parts.policy),
            throttle=shared.throttle,
            card_host=s.card_host.origin,
            attempt_life=s.lives.card_attempt_life,
        )
