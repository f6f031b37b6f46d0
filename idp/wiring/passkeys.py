"""Contains passkeys, built from the settings. Not here: their pages (`flows`), what they are worth (`interaction`)."""

from urllib.parse import urlsplit

from idp.adapters.passkey_ceremonies import WebAuthnCeremonies
from idp.adapters.sql.passkeys import SqlPasskeys
from idp.core.ephemeral import Kind
from idp.flows.account.passkeys import PasskeysFlow
from idp.flows.passkey import PasskeyFlow
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.passkey_challenges import PasskeyChallenges
from idp.flows.shared.passkey_uses import PasskeyUses
from idp.settings import Settings
from idp.settings.closing import months
from idp.wiring.flow_parts import FlowParts
from idp.wiring.parts import Parts
from idp.wiring.web import network_quota


def build_passkey_door(parts: Parts, shared: FlowParts) -> PasskeyFlow:
    settings, passkeys = parts.settings, SqlPasskeys(parts.database)
    limits = settings.passkey
    return PasskeyFlow(
        desk=shared.desk,
        passkeys=passkeys,
        uses=PasskeyUses(
            desk=shared.desk,
            work=parts.work,
            passkeys=passkeys,
            notices=shared.notices,
            clock=parts.clock,
        ),
        ceremonies=build_ceremonies(settings),
        challenges=build_challenges(parts),
        quota=network_quota(
            parts.resources,
            parts.web,
            Kind.PASSKEY_FAILURES_BY_IP,
            limits.failures_per_network,
            limits.network_window,
        ),
        clock=parts.clock,
        identity_life=months(settings.closing.identity_proved_every),
    )


def build_passkeys_section(parts: Parts, shared: FlowParts, desk: AccountDesk) -> PasskeysFlow:
    settings, web = parts.settings, parts.web
    return PasskeysFlow(
        desk=desk,
        work=parts.work,
        passkeys=SqlPasskeys(parts.database),
        ceremonies=build_ceremonies(settings),
        challenges=build_challenges(parts),
        notices=shared.notices,
        audit=parts.audit,
        locales=web.locales,
        stations=web.stations,
        most=settings.passkey.most,
    )


def build_passkeys(parts: Parts) -> SqlPasskeys | None:
    """Returns None where they are no door."""
    settings = parts.settings
    return SqlPasskeys(parts.database) if settings.passkey.is_open_at(settings.where.issuer) else None


def build_ceremonies(settings: Settings) -> WebAuthnCeremonies:
    issuer = settings.where.issuer
    return WebAuthnCeremonies(
        origin=issuer,
        rp_id=urlsplit(issuer).hostname or "",
        service="Caducée",
        patience=settings.passkey.challenge_life,
    )


def build_challenges(parts: Parts) -> PasskeyChallenges:
    settings = parts.settings
    return PasskeyChallenges(parts.store, settings.passkey.challenge_life)
