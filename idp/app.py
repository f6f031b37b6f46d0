"""Contains the WSGI application, put together of the parts that `wiring` makes. Only `cli` imports it."""

from collections.abc import Callable
from typing import Any

from idp.core.clock import SystemClock
from idp.core.logs import configure_logging, log_what_nobody_caught
from idp.core.origin import coming_from
from idp.core.readiness import Readiness
from idp.core.share import Share
from idp.settings import Settings, settings_from_environment
from idp.wiring.accounts import tell_build
from idp.wiring.audit import build_origin_of, send_lines_to_the_end
from idp.wiring.browser_endpoints import build_browser_endpoints
from idp.wiring.endpoints import build_endpoints
from idp.wiring.flask_app import build_pages
from idp.wiring.flows import build_flows
from idp.wiring.operations import open_operations, share_numbers, traced, watched
from idp.wiring.parts import Parts, build_parts
from idp.wiring.protocol import build_protocol
from idp.wiring.psc import check_upstream
from idp.wiring.readiness import build_readiness
from idp.wiring.resources import build_clock_watch
from idp.wiring.web import start_announcements


def create(settings: Settings, own: Share | None = None) -> Callable[..., Any]:
    """Returns the WSGI application. `own`: None where one process serves.

    Raises what the adapters raise: a missing database, a bad key or clients file.
    """
    return assemble(build_parts(settings, own))


def assemble(parts: Parts, readiness: Readiness | None = None) -> Callable[..., Any]:
    """Returns the application of these parts. `readiness`: None where nobody else asks for it."""
    readiness = readiness or build_readiness(parts, build_clock_watch(parts.resources))
    protocol = build_protocol(parts)
    routes, finishes = build_browser_endpoints(parts, protocol)
    for flow in build_flows(parts, finishes):
        routes += flow.routes()
    endpoints = build_endpoints(parts, protocol, readiness)
    served = endpoints.in_front_of(build_pages(parts, routes))

    origin_of = build_origin_of(parts.settings, parts.web.networks, parts.web.cookies)

    def in_request(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        with parts.work.request(), coming_from(origin_of(environ)):
            return served(environ, start_response)

    pages = ((route.method, route.path) for route in routes)
    return watched(in_request, [*endpoints.addresses(), *pages])


def application(own: Share) -> Callable[..., Any]:
    """Returns what the server loads in each worker."""
    configure_logging()
    log_what_nobody_caught()
    settings = settings_from_environment()
    send_lines_to_the_end(settings)
    shared = share_numbers(settings)
    parts = build_parts(settings, own)
    # One of each in a process: they tell the log what has changed.
    watch = build_clock_watch(parts.resources)
    readiness = build_readiness(parts, watch)
    served = traced(settings, assemble(parts, readiness))
    open_operations(parts, shared, readiness, watch)
    tell_build()
    if parts.upstream is not None:
        parts.upstream.shared_in(parts.store).start()
    start_announcements(parts.web, parts.resources)
    check_upstream(settings, SystemClock())
    return served
