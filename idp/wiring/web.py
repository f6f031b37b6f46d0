"""Contains cookies, forms, languages, rendering and networks, built from the settings. Not here: a page."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import jinja2

from idp.adapters.sql.queues import SqlQueues
from idp.core.clock import Clock
from idp.core.ephemeral import Kind
from idp.core.sealing import derive_key
from idp.settings import Settings
from idp.web.announcements import Announcements
from idp.web.caller_address import Warnings
from idp.web.cookies import Cookies
from idp.web.forms import CsrfTokens, Forms
from idp.web.house import Houses, houses_of_mails
from idp.web.kept_refusals import HourlyShare, KeptRefusals
from idp.web.known_device import KnownDevices
from idp.web.languages import TEMPLATES, Languages, open_languages
from idp.web.last_door import LastDoors
from idp.web.locales import Locales
from idp.web.mail_delays import MailDelays
from idp.web.mails import Mails
from idp.web.network import CallerNetworks
from idp.web.network_quota import NetworkQuota
from idp.web.origins import Origins
from idp.web.rendering import Rendering, Templates
from idp.web.shared_stations import SharedStations
from idp.wiring.languages import build_languages
from idp.wiring.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """Given out one by one: no flow and no endpoint gets all of them."""

    cookies: Cookies
    csrf: CsrfTokens
    forms: Forms
    locales: Locales
    languages: Languages
    rendering: Rendering
    houses: Houses
    announcements: Announcements
    delays: MailDelays
    mails: Mails
    networks: CallerNetworks
    stations: SharedStations
    origins: Origins
    devices: KnownDevices
    last_doors: LastDoors


def network_quota(
    resources: Resources, web: WebParts, kind: Kind, most: int, window: timedelta
) -> NetworkQuota:
    crowd = resources.settings.crowd
    return NetworkQuota(
        store=resources.store,
        networks=web.networks,
        kind=kind,
        most=most,
        window=window,
        crowded=crowd.crowded,
        factor=crowd.factor,
    )


def kept_refusals(resources: Resources, web: WebParts) -> KeptRefusals:
    """Returns what keeps one kind of refusals, with a share of its own."""
    limits = resources.settings.refusals
    return KeptRefusals(
        store=resources.store,
        clock=resources.clock,
        networks=web.networks,
        limits=limits,
        share=HourlyShare(limits=limits),
    )


def build_web(settings: Settings, clock: Clock, houses: Houses | None = None) -> WebParts:
    """`houses`: None where no page is shown."""
    houses, announcements = houses or Houses(), Announcements(clock)
    delays = MailDelays(clock, settings.operations.mail_backlog)
    cookies = Cookies(settings.where.is_secure)
    csrf = CsrfTokens(derive_key(settings.keys.application, "csrf"))
    languages = build_languages(settings)
    locales = Locales(cookies, languages)
    templates = open_templates(settings.where.languages_directory)
    networks = CallerNetworks(trusted_proxy_hops=settings.proxy.trusted_hops, warnings=Warnings(clock))
    stations = SharedStations(cookies, networks, settings.stations.networks)
    return WebParts(
        cookies=cookies,
        csrf=csrf,
        forms=Forms(
            cookies=cookies,
            csrf=csrf,
            issuer=settings.where.issuer,
            parameter_bytes=settings.bounds.parameter_bytes,
        ),
        locales=locales,
        languages=languages,
        rendering=Rendering(
            templates=templates,
            cookies=cookies,
            csrf=csrf,
            locales=locales,
            languages=languages,
            stations=stations,
            clock=clock,
            houses=houses,
            announcements=announcements,
            delays=delays,
        ),
        houses=houses,
        announcements=announcements,
        delays=delays,
        mails=build_mails(settings),
        networks=networks,
        stations=stations,
        origins=Origins(networks, settings.stations.names),
        devices=KnownDevices(cookies, stations, derive_key(settings.keys.application, "device")),
        last_doors=LastDoors(cookies, stations),
    )


def start_announcements(web: WebParts, resources: Resources) -> None:
    """Pages say what the operator says, and whether mails are late, once it was read: not here, which would wait."""
    settings, queues, now = resources.settings, SqlQueues(resources.database), resources.clock.now

    def read_delays() -> None:
        web.delays.read(lambda: queues.mails(now()))

    web.announcements.start(resources.durable, settings.announcements.read_every, read_delays)


def build_mails(settings: Settings) -> Mails:
    """Returns what writes mails, also for a process that has no pages."""
    languages = build_languages(settings)
    templates = open_templates(settings.where.languages_directory)
    return Mails(templates, houses_of_mails(settings.house, settings.help_line), languages)


@cache
def open_templates(languages: Path | None) -> Templates:
    """Returns the same at each call. `languages`: the folder of those that an operator added. Raises BadLanguage,
    OSError."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        # Not the plain text of mails.
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return Templates(open_languages(languages).catalogues, environment)
