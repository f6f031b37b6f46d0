"""Contains what is asked of those whom we call: the mail relay, Pro Santé Connect. Not here: what they see of us."""

from collections.abc import Iterator
from functools import partial

from idp.adapters.mail.remedies import remedy
from idp.adapters.psc.check import look
from idp.adapters.psc.finding import Level
from idp.adapters.psc.provider import PscProvider
from idp.core.finding import Inquiry, Told, amber, green, parted, red
from idp.settings import LOOPBACK_HOSTS
from idp.wiring.doctor.hand import Hand
from idp.wiring.mail import build_transport
from idp.wiring.psc import psc_http, redirect_uri

_PSC_CHECK = "`idp psc check`: docs/operate.md, Pro Santé Connect"


def other_inquiries(hand: Hand) -> Iterator[Inquiry]:
    yield Inquiry(
        name="mail relay",
        look=partial(_relay, hand),
        needs=("SMTP_", "MAIL_SENDER"),
        remedy="CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, the firewall",
    )
    yield Inquiry(name="Pro Santé Connect", look=partial(_psc, hand), needs=("PSC_",), remedy=_PSC_CHECK)


def _relay(hand: Hand) -> Iterator[Told]:
    """Raises BadSetting."""
    settings = hand.settings
    mail, transport = settings.mail, build_transport(settings, hand.clock)
    place = f"{mail.host}:{mail.port}"
    try:
        transport.check()
    except OSError as error:
        says, where = parted(remedy(error))
        yield red(f"{place}: {says} ({type(error).__name__})", where)
        return
    if mail.tls == "none" and mail.host not in LOOPBACK_HOSTS:
        yield amber(f"{place}: mails and their codes travel in the clear", "CADUCEE_SMTP_TLS")
    yield green(f"{place} lets us in; a real mail: `idp mail test ADDRESS`")


def _psc(hand: Hand) -> Iterator[Told]:
    """Raises BadSetting."""
    settings, parts = hand.settings, hand.parts
    if not settings.psc.is_configured:
        yield green("it is not set up: its door is not there")
    elif parts is not None and parts.upstream is not None:
        yield _known_of(parts.upstream)
    else:
        yield from _asked(hand)


def _known_of(upstream: PscProvider) -> Told:
    if upstream.is_misconfigured():
        return red("a setting of ours keeps everybody out", _PSC_CHECK)
    return red("it is down: its door is shut", _PSC_CHECK) if upstream.is_out() else green("no outage")


def _asked(hand: Hand) -> Iterator[Told]:
    settings = hand.settings
    fine = 0
    for finding in look(settings.psc, redirect_uri(settings), psc_http(settings.psc), hand.now()):
        if finding.level is Level.FINE:
            fine += 1
        else:
            yield (red if finding.level is Level.FAULT else amber)(finding.text, _PSC_CHECK)
    yield green(f"{fine} points in order")
