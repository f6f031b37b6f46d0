"""Whether Pro Santé Connect answers, asked in the background: before a user notices, and until it is back.

Contains when to probe, and what. Not here: one probe at a time (`lookout`), counting failures (`circuit`), sign-ins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer, ProbingHttp
from idp.adapters.psc.circuit import Circuits, is_outage
from idp.adapters.psc.lookout import Lookout


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Probes when a sign-in page is shown and the last probe is old. Thread-safe."""

    circuits: Circuits
    lookout: Lookout
    #: Without circuit breakers: it must call while the circuits are open.
    http: ProbingHttp
    discovery_address: str
    #: Takes what that address answered.
    discovered: Callable[[HttpAnswer], None]
    #: Asks whether we are known again, if we were refused and it is time.
    client: Callable[[], None]
    token_endpoint: Callable[[], str | None]
    #: Returns where browsers are sent, None when that is not to be probed from here.
    wallet: Callable[[], str | None]

    def probe(self) -> None:
        """Start a probe if one is due and none is running. Does not wait for it."""
        self.lookout.look(self._look, self._is_due)

    def _is_due(self) -> bool:
        return self.circuits.may_be_back() if self.circuits.is_out() else self.lookout.is_old()

    def _look(self) -> None:
        for url in self._addresses():
            self.look_at(url)
        self.client()

    def _addresses(self) -> Iterator[str]:
        if self.circuits.is_out():
            yield from self.circuits.open_urls()
            return
        yield self.discovery_address
        if wallet := self.wallet():
            yield wallet

    def look_at(self, url: str) -> None:
        """Probe beside nobody: the caller waits."""
        self.lookout.ask(url, self._answers)

    def _answers(self, url: str) -> bool:
        """Whether PSC itself answered, even with a refusal: the probe sends no code, token or secret."""
        try:
            answer = self._ask(url)
        except NoUsableAnswer:
            return False
        if url == self.wallet():
            return is_shown(answer)
        if url == self.discovery_address:
            self.discovered(answer)
        return not is_outage(answer) and not answer.is_page

    def _ask(self, url: str) -> HttpAnswer:
        if url == self.wallet():
            return self.http.options(url)
        if url == self.token_endpoint():
            return self.http.post_form(url, "", {})
        return self.http.get(url, {})


def is_shown(answer: HttpAnswer) -> bool:
    """Whether what stands at the authorization endpoint answers OPTIONS, with a page or not.

    OPTIONS and not GET or HEAD: a Keycloak counts each of these as a sign-in that failed (LOGIN_ERROR), in which the
    watch of a realm sees an attack. A server that knows no OPTIONS (501, RFC 9110 §15.6.2) has answered all the same.
    """
    return answer.status == HTTPStatus.NOT_IMPLEMENTED or not is_outage(answer)
