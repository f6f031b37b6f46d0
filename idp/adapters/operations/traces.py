"""Traces by OpenTelemetry, sent by OTLP over HTTP. Loaded only where the operator wants them.

Contains a span for each request, and below it one for each call to a store, Pro Santé Connect or the OCSP responder:
what the histograms time, with their labels, so nothing about a person and no address of a caller. Nobody's trace is
continued, and none is sent along to others. Not here: what is timed (`core/measures`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind, get_current_span

from idp.core.clock import Clock
from idp.core.measures import REQUEST_SECONDS
from idp.core.meters import tell_times

Wsgi = Callable[..., Iterable[bytes]]

#: A collector that is away costs its spans, and no request.
_SECONDS = 5
_SEND_EVERY_MILLISECONDS = 1000


class Traces:
    """Of one process."""

    def __init__(self, endpoint: str, *, share: float, clock: Clock) -> None:
        """`share`: of the requests, 0 to 1. Every histogram tells it from now on."""
        self._clock = clock
        resource = Resource({"service.name": "caducee"})
        self._provider = TracerProvider(sampler=TraceIdRatioBased(share), resource=resource)
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MILLISECONDS)
        )
        self._tracer = self._provider.get_tracer("caducee")
        tell_times(self._took)

    def around(self, served: Wsgi) -> Wsgi:
        """Returns what is served, with a span around each request."""

        def traced(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            # An exception's text may quote what a person typed.
            with self._tracer.start_as_current_span(
                "request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
            ):
                return served(environ, start_response)

        return traced

    def close(self) -> None:
        """Send what waits, and hear of nothing more."""
        tell_times(None)
        self._provider.shutdown()

    def _took(self, family: str, labels: Mapping[str, str], seconds: float) -> None:
        present = get_current_span()
        if not present.is_recording():
            return
        if family == REQUEST_SECONDS.name:
            # The request itself, which is known by name now that it was found.
            present.update_name(labels["endpoint"])
            present.set_attributes(labels)
            return
        end = self._clock.now()
        nanoseconds = int(end.timestamp() * 1_000_000) * 1000
        name = " ".join((family.removeprefix("caducee_").removesuffix("_seconds"), *labels.values()))
        span = self._tracer.start_span(
            name,
            kind=SpanKind.CLIENT,
            attributes=dict(labels),
            start_time=nanoseconds - int(seconds * 1e9),
        )
        span.end(end_time=nanoseconds)
