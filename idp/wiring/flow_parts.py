"""Contains what several flows share in addition to `parts`. Not here: a flow."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.email_otp import MailCodes
from idp.accounts.identity_updates import IdentityUpdates
from idp.accounts.password import Passwords
from idp.accounts.password_rules import PasswordPolicy
from idp.accounts.throttle import PasswordThrottle
from idp.accounts.upstream_linking import UpstreamLinking
from idp.accounts.waits import Waits
from idp.adapters.mail.sealed import SealedOutbox
from idp.adapters.sql.epochs import SqlEpochs
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.proofs import SqlProofs
from idp.core.ephemeral import Kind
from idp.core.mailer import Outbox
from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.charter_receipt import CharterReceipts
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.code_post import CodePost
from idp.flows.shared.deadlines import Deadlines
from idp.flows.shared.desk import Desk
from idp.flows.shared.enrolment_steps import EnrolmentSteps
from idp.flows.shared.mailbox_sharing import MailboxSharing
from idp.flows.shared.notice_mail import NoticeMailer
from idp.flows.shared.opening import Opening
from idp.flows.shared.password_accepted import AcceptedPasswords
from idp.flows.shared.password_change import PasswordChange
from idp.flows.shared.password_judge import PasswordJudge
from idp.flows.shared.proved import Admission
from idp.interaction.binding import Bindings
from idp.interaction.hub import Finishes
from idp.web.known_device import KnownDevices
from idp.web.network_quota import NetworkQuota
from idp.web.psc_button import OfficialPictures
from idp.wiring.accounts import (
    build_mail_codes,
    build_notices,
    build_passwords,
    build_policy,
    build_throttle,
    build_waits,
)
from idp.wiring.itinerary import build_charter_action
from idp.wiring.parts import Parts
from idp.wiring.psc import psc_pictures
from idp.wiring.web import network_quota


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParts:
    desk: Desk
    deadlines: Deadlines
    admission: Admission
    identities: IdentityUpdates
    codes: MailCodes
    sender: CodeSender
    notices: NoticeMailer
    receipts: CharterReceipts
    sharing: MailboxSharing
    linking: UpstreamLinking
    passwords: Passwords
    throttle: PasswordThrottle
    #: Password forms from one network.
    password_posts: NetworkQuota
    devices: KnownDevices
    waits: Waits
    accepted: AcceptedPasswords
    change: PasswordChange
    judge: PasswordJudge
    already: AlreadyEnrolled
    steps: EnrolmentSteps
    pictures: OfficialPictures


def build_flow_parts(parts: Parts, finishes: Finishes[Request, Response]) -> FlowParts:
    s, web = parts.settings, parts.web
    outbox = SealedOutbox(SqlOutbox(parts.database, parts.clock), parts.resources.sealer)
    notices = build_notices(parts.resources, web.mails)
    pictures, codes = psc_pictures(s), build_mail_codes(parts.resources)
    desk, waits = _desk(parts, finishes, pictures), build_waits(parts.resources)
    passwords, policy = build_passwords(s, parts.share), build_policy(s)
    throttle = build_throttle(parts.resources)
    identities = IdentityUpdates(
        work=parts.work,
        accounts=parts.accounts,
        notices=notices,
        audit=parts.audit,
        proofs=SqlProofs(parts.database),
    )
    admission = Admission(
        desk=desk,
        work=parts.work,
        accounts=parts.accounts,
        identities=identities,
        waits=waits,
        epochs=SqlEpochs(parts.database),
    )
    linking = UpstreamLinking(
        links=parts.links,
        notices=notices,
        audit=parts.audit,
        store=parts.store,
        life=s.lives.interaction_life,
    )
    return FlowParts(
        desk=desk,
        deadlines=Deadlines(parts.interactions, parts.clock),
        admission=admission,
        identities=identities,
        codes=codes,
        sender=_sender(parts, desk, codes, outbox),
        notices=notices,
        receipts=CharterReceipts(
            outbox=outbox,
            mails=web.mails,
            issuer=s.where.issuer,
            life=s.mail.notice_life,
            is_sent=s.mail.charter_receipt,
        ),
        sharing=MailboxSharing(
            accounts=parts.accounts, notices=notices, audit=parts.audit, is_allowed=s.email.shared
        ),
        linking=linking,
        already=AlreadyEnrolled(
            desk=desk, accounts=parts.accounts, admission=admission, linking=linking, clock=parts.clock
        ),
        steps=EnrolmentSteps(build_charter_action(parts.resources, parts.clients)),
        passwords=passwords,
        throttle=throttle,
        password_posts=network_quota(
            parts.resources,
            web,
            Kind.PASSWORD_POSTS_BY_IP,
            s.password.posts_per_network,
            s.password.network_window,
        ),
        devices=web.devices,
        waits=waits,
        accepted=AcceptedPasswords(
            work=parts.work,
            accounts=parts.accounts,
            passwords=passwords,
            policy=policy,
            clock=parts.clock,
        ),
        change=PasswordChange(
            work=parts.work,
            accounts=parts.accounts,
            audit=parts.audit,
            clock=parts.clock,
            passwords=passwords,
            waits=waits,
            notices=notices,
            sign_out=parts.sign_out,
        ),
        judge=_judge(parts, policy),
        pictures=pictures,
    )


def _judge(parts: Parts, policy: PasswordPolicy) -> PasswordJudge:
    limits = parts.settings.password
    return PasswordJudge(
        policy=policy,
        quota=network_quota(
            parts.resources,
            parts.web,
            Kind.PASSWORDS_JUDGED_BY_IP,
            limits.posts_per_network,
            limits.network_window,
        ),
        rendering=parts.web.rendering,
    )


def _desk(parts: Parts, finishes: Finishes[Request, Response], pictures: OfficialPictures) -> Desk:
    web = parts.web
    return Desk(
        interactions=parts.interactions,
        bindings=Bindings(parts.interactions),
        opening=_opening(parts, finishes),
        people=parts.people,
        clients=parts.clients,
        itinerary=parts.itinerary,
        audit=parts.audit,
        clock=parts.clock,
        cookies=web.cookies,
        stations=web.stations,
        forms=web.forms,
        locales=web.locales,
        rendering=web.rendering,
        deadlines=Deadlines(parts.interactions, parts.clock),
        upstream=parts.upstream,
        pictures=pictures,
    )


def _opening(parts: Parts, finishes: Finishes[Request, Response]) -> Opening:
    return Opening(
        interactions=parts.interactions,
        bindings=Bindings(parts.interactions),
        hub=parts.hub,
        lending=parts.lending,
        finishes=finishes,
        visits=parts.visits,
    )


def _sender(parts: Parts, desk: Desk, codes: MailCodes, outbox: Outbox) -> CodeSender:
    limits = parts.settings.mail_code
    return CodeSender(
        desk=desk,
        codes=codes,
        post=CodePost(work=parts.work, codes=codes, mails=parts.web.mails, outbox=outbox, clock=parts.clock),
        quota=network_quota(
            parts.resources,
            parts.web,
            Kind.MAIL_QUOTA_IP,
            limits.per_network,
            limits.network_window,
        ),
        clock=parts.clock,
    )
