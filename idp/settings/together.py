"""Contains rules between settings of several groups. Not here: those of one group."""

from datetime import timedelta

from idp.settings.addresses import is_same_origin
from idp.settings.faults import Rule
from idp.settings.groups import Groups

_DAY = timedelta(hours=24)
_AS_PSC = "at most 4 h and 30 min with Pro Santé Connect"

TOGETHER: tuple[Rule[Groups], ...] = (
    Rule(
        names="KEY_PUBLISH_BEFORE",
        expected="24 h or more (86400), less only on a loopback host",
        is_broken=lambda s: s.keys.publish_before < (timedelta() if s.where.is_on_loopback else _DAY),
        it_is="less",
        beside="ISSUER:host",
    ),
    Rule(
        names="KEY_RETIRE_AFTER",
        expected="as long as a session and twice CLOCK_SKEW, or more",
        is_broken=lambda s: s.keys.retire_after < s.lives.longest_token_life + 2 * s.clock.skew,
        it_is="less",
        beside="SESSION_LIFE ID_TOKEN_LIFE CLOCK_SKEW",
    ),
    Rule(
        names="MAIL_CODE_FIXED",
        expected="only with an issuer on a loopback host",
        is_broken=lambda s: bool(s.mail_code.fixed) and not s.where.is_on_loopback,
        it_is="set beside another one",
        beside="ISSUER:host",
    ),
    # facts/security RI13, facts/psc §8.3: our session does not outlive that of Pro Santé Connect.
    Rule(
        names="SESSION_LIFE",
        expected=_AS_PSC,
        is_broken=lambda s: s.psc.is_configured and s.lives.session_life > timedelta(hours=4),
        it_is="more",
        beside="PSC_ENVIRONMENT:presence PSC_ISSUER:presence",
    ),
    Rule(
        names="SESSION_IDLE",
        expected=_AS_PSC,
        is_broken=lambda s: s.psc.is_configured and s.lives.session_idle > timedelta(minutes=30),
        it_is="more",
        beside="PSC_ENVIRONMENT:presence PSC_ISSUER:presence",
    ),
    Rule(
        names="SESSION_LIFE",
        expected="at most 24 h: what a session granted is forgotten a day later",
        is_broken=lambda s: s.lives.session_life > _DAY,
        it_is="more",
    ),
    Rule(
        names="PSC_IDP_HINTS",
        expected="names of NAMED_NETWORKS",
        is_broken=lambda s: not set(s.psc.hint_by_name) <= s.stations.given_names,
        it_is="a list with another one",
        beside="NAMED_NETWORKS",
    ),
    Rule(
        names="OPERATIONS_PAGE_PORT",
        # The workers share both ports, so each of the two would get connections of the other.
        expected="another port than CADUCEE_OPERATIONS_PORT",
        is_broken=lambda s: bool(s.operations_page.port) and s.operations_page.port == s.operations.port,
        it_is="the same",
        beside="OPERATIONS_PORT",
    ),
    Rule(
        names="CARD_HOST",
        # Another port is enough: browsers ask for a certificate once for each host and port.
        expected="another origin than the issuer's: browsers ask for the card in the first handshake only",
        is_broken=lambda s: is_same_origin(s.card_host.origin, s.where.issuer),
        it_is="the issuer itself",
        beside="ISSUER:scheme ISSUER:host",
    ),
)
