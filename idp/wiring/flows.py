"""Contains every flow, built with what it needs. Not here: which page is due (`interaction`)."""

from collections.abc import Iterator

from werkzeug.wrappers import Request, Response

from idp.adapters.sql.activations import SqlActivations
from idp.adapters.sql.epochs import SqlEpochs
from idp.flows.about import AboutFlow
from idp.flows.activation import ActivationFlow
from idp.flows.already_enrolled import AlreadyEnrolledFlow
from idp.flows.charter import CharterFlow
from idp.flows.choice import ChoiceFlow
from idp.flows.closing import ClosingFlow
from idp.flows.cps import CpsFlow
from idp.flows.door import DoorFlow
from idp.flows.email_otp import EmailOtpFlow
from idp.flows.enrolment import EnrolmentFlow
from idp.flows.first_connection import FirstConnectionFlow
from idp.flows.more_time import MoreTimeFlow
from idp.flows.password import PasswordFlow
from idp.flows.password_renewal import PasswordRenewalFlow
from idp.flows.professional_context import ProfessionalContextFlow
from idp.flows.psc_picture import PscPictureFlow
from idp.flows.same_person import SamePersonFlow
from idp.flows.shared.enrolling import Enrolling
from idp.flows.shared.password_tries import PasswordTries
from idp.flows.shared.typed_form import TypedForm
from idp.interaction.hub import Finishes
from idp.settings.closing import months
from idp.web.page_routes import Flow
from idp.wiring.account import build_account
from idp.wiring.accounts import build_spread
from idp.wiring.cards import build_revocation
from idp.wiring.email import build_email
from idp.wiring.flow_parts import FlowParts, build_flow_parts
from idp.wiring.parts import Parts, build_answers, build_leaving
from idp.wiring.passkeys import build_passkey_door
from idp.wiring.psc_door import build_psc_door


def build_flows(parts: Parts, finishes: Finishes[Request, Response]) -> list[Flow]:
    """Returns every flow whose door is open, in no particular order. `finishes`: the ways in which logins end."""
    shared, settings = build_flow_parts(parts, finishes), parts.settings
    return [
        ChoiceFlow(shared.desk, parts.web.last_doors, enrolment_from_psc=settings.psc.may_enrol),
        DoorFlow(shared.desk),
        MoreTimeFlow(shared.desk, shared.deadlines),
        PscPictureFlow(shared.pictures),
        AboutFlow(parts.web.rendering, parts.web.houses, parts.clock),
        _password(parts, shared),
        _email_otp(parts, shared),
        *_passkeys(parts, shared),
        _enrolment(parts, shared),
        FirstConnectionFlow(shared.desk, shared.already),
        AlreadyEnrolledFlow(shared.desk),
        build_answers(parts),
        _same_person(parts, shared),
        *_required(parts, shared),
        *build_email(parts, shared),
        *build_account(parts, shared),
        *build_psc_door(parts, shared),
        *_cps(parts, shared),
    ]


def _password(parts: Parts, shared: FlowParts) -> PasswordFlow:
    settings = parts.settings
    return PasswordFlow(
        desk=shared.desk,
        accounts=parts.accounts,
        passwords=shared.passwords,
        tries=PasswordTries(
            throttle=shared.throttle,
            spread=build_spread(parts.resources, parts.audit),
            quota=shared.password_posts,
            devices=shared.devices,
            clock=parts.clock,
        ),
        accepted=shared.accepted,
        sender=shared.sender,
        quota=shared.password_posts,
        devices=shared.devices,
        clock=parts.clock,
        identity_life=months(settings.closing.identity_proved_every),
    )


def _passkeys(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    settings = parts.settings
    if settings.passkey.is_open_at(settings.where.issuer):
        yield build_passkey_door(parts, shared)


def _enrolment(parts: Parts, shared: FlowParts) -> EnrolmentFlow:
    settings = parts.settings
    return EnrolmentFlow(
        desk=shared.desk,
        passwords=shared.passwords,
        sender=shared.sender,
        already=shared.already,
        typed=TypedForm(
            desk=shared.desk,
            deadlines=shared.deadlines,
            interactions=parts.interactions,
            visits=parts.visits,
        ),
        steps=shared.steps,
        judge=shared.judge if settings.password.door else None,
    )


def _email_otp(parts: Parts, shared: FlowParts) -> EmailOtpFlow:
    enrolling = Enrolling(
        desk=shared.desk,
        work=parts.work,
        accounts=parts.accounts,
        identities=shared.identities,
        linking=shared.linking,
        already=shared.already,
        sharing=shared.sharing,
        epochs=SqlEpochs(parts.database),
        clock=parts.clock,
    )
    return EmailOtpFlow(
        desk=shared.desk,
        work=parts.work,
        codes=shared.codes,
        sender=shared.sender,
        post=shared.sender.post,
        already=shared.already,
        enrolling=enrolling,
        steps=shared.steps,
        clock=parts.clock,
        may_change_address=parts.itinerary.is_anyone_identified,
    )


def _same_person(parts: Parts, shared: FlowParts) -> SamePersonFlow:
    settings = parts.settings
    return SamePersonFlow(
        desk=shared.desk,
        sessions=parts.sessions,
        sign_out=parts.sign_out,
        leaving=build_leaving(parts),
        answers=build_answers(parts),
        visits=parts.visits,
        clients=parts.clients,
        cookies=parts.web.cookies,
        issuer=settings.where.issuer,
    )


def _activation(parts: Parts, shared: FlowParts) -> ActivationFlow:
    settings = parts.settings
    return ActivationFlow(
        desk=shared.desk,
        deadlines=shared.deadlines,
        accounts=parts.accounts,
        activations=SqlActivations(parts.database),
        change=shared.change,
        judge=shared.judge,
        sender=shared.sender,
        quota=shared.password_posts,
        clock=parts.clock,
        identity_life=months(settings.closing.identity_proved_every),
    )


def _required(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    """The required actions."""
    yield CharterFlow(
        desk=shared.desk,
        people=parts.people,
        work=parts.work,
        charters=parts.charters,
        receipts=shared.receipts,
        action=shared.steps.action,
        steps=shared.steps,
        itinerary=parts.itinerary,
        clock=parts.clock,
    )
    settings = parts.settings
    if settings.password.door:
        yield _activation(parts, shared)
    yield PasswordRenewalFlow(desk=shared.desk, change=shared.change, judge=shared.judge)
    yield ClosingFlow(desk=shared.desk, work=parts.work, accounts=parts.accounts, notices=shared.notices)
    yield ProfessionalContextFlow(
        desk=shared.desk,
        work=parts.work,
        action=parts.context,
        contexts=parts.contexts,
        clock=parts.clock,
    )


def _cps(parts: Parts, shared: FlowParts) -> Iterator[Flow]:
    s = parts.settings
    if parts.policy is not None:
        yield CpsFlow(
            desk=shared.desk,
            admission=shared.admission,
            accounts=parts.accounts,
            store=parts.store,
            policy=parts.policy,
            revocation=build_revocation(parts.resources, parts.policy),
            clock=parts.clock,
            card_host=s.card_host.origin,
            attempt_life=s.lives.card_attempt_life,
        )
