"""Pro Santé Connect as the upstream: where to send the browser, and what its return proves.

Contains the client's side of the authorization code flow, in the terms of `interaction.upstream`. Not here: pages,
sessions, who may enrol. `oic.oic.Client` builds the requests and its messages read the answers, a fresh client for
every login; its HTTP, key fetching and verification never run: `http/bounded`, `discovery`, `id_token` do that.
"""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from oic.oic.message import AuthorizationErrorResponse, AuthorizationResponse

from idp.adapters.http.bounded import ProbingHttp, SafeHttp
from idp.adapters.psc.backchannel import PscBackChannel, fresh_client, read_message, registered_error
from idp.adapters.psc.circuit import Circuits, GuardedHttp, Health
from idp.adapters.psc.claim_names import known_names
from idp.adapters.psc.claims import read_amr, read_auth_mode, read_person, read_released, read_sid
from idp.adapters.psc.concurrency_limit import ConcurrencyLimit
from idp.adapters.psc.discovery import Discovery, ProviderSnapshot, SigningKeys
from idp.adapters.psc.id_token import ExpectedIdToken, VerifiedIdToken, refused, verify_id_token
from idp.adapters.psc.logout_token import verify_logout_token
from idp.adapters.psc.request import ORDINARY, NewRequest, fresh_wishes, new_request, pushed_address
from idp.adapters.psc.watch import Watch, beside
from idp.core.clock import Clock
from idp.interaction.upstream import (
    UpstreamLogin,
    UpstreamLogout,
    UpstreamRefusal,
    UpstreamRefused,
    UpstreamRequest,
    UpstreamUnavailable,
)
from idp.settings.psc import PscSettings

# DEBUG lines of these libraries hold codes and tokens.
for _name in ("oic", "jwkest"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_OUTAGES = frozenset({"temporarily_unavailable", "server_error"})
_CODE = re.compile(r"[!-~]{1,2048}")


class PscProvider:
    """Implements `Upstream`. Thread-safe: it keeps only caches and counters, each behind its lock."""

    def __init__(
        self,
        settings: PscSettings,
        *,
        redirect_uri: str,
        skew: timedelta,
        clock: Clock,
        http: ProbingHttp | None = None,
        on_change: Callable[[bool], None] = lambda is_out: None,
        run: Callable[[Callable[[], None]], None] = beside,
    ) -> None:
        """`on_change` is called with True when an outage begins, False when it ends. `run` starts background work."""
        http = http or SafeHttp(certificate=settings.certificate, ca_file=settings.ca_file)
        failures, pause = settings.circuit_failures, settings.circuit_pause
        circuits = Circuits(clock=clock, failures=failures, pause=pause, on_change=on_change)
        guarded = GuardedHttp(http, circuits)
        self._settings, self._redirect_uri, self._skew = settings, redirect_uri, skew
        self._circuits, self._outcomes = circuits, Counter[str]()
        self._discovery = Discovery(settings, guarded, clock)
        self._keys = SigningKeys(guarded, clock, settings.keys_pause)
        self._back_channel = PscBackChannel(settings, guarded, redirect_uri)
        self._limit = ConcurrencyLimit(settings.at_once, settings.timeout)
        self._watch = Watch(
            circuits=circuits,
            http=http,
            clock=clock,
            every=settings.watch_every,
            discovery_address=settings.discovery_address,
            token_endpoint=lambda: self._endpoint("token_endpoint"),
            wallet=self._wallet,
            run=run,
        )
        self._telling = threading.Lock()

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    def is_out(self) -> bool:
        self._watch.probe()
        return self._circuits.is_out()

    def health(self) -> Health:
        """Returns the health for `/metrics`, and probes PSC as a sign-in page does."""
        is_out = self.is_out()
        return Health(is_out, self._circuits.failures_by_url(), dict(self._outcomes))

    def _wallet(self) -> str | None:
        """Returns where browsers are sent, also before the first sign-in; None when it is not to be probed."""
        if not self._settings.watch_wallet:
            return None
        try:
            return self._discovery.snapshot().authorization_endpoint
        except UpstreamUnavailable:
            return None

    def _endpoint(self, name: str) -> str | None:
        known = self._discovery.known()
        return getattr(known, name) if known else None

    def begin(self, *, fresh: bool) -> UpstreamRequest:
        if self._circuits.is_out():
            self._try_again()
        snapshot = self._discovery.snapshot()
        wishes = fresh_wishes(self._settings) if fresh else ORDINARY
        request = new_request(self._settings, self._redirect_uri, wishes)
        return UpstreamRequest(
            url=self._address(snapshot, request), state=request.state, pending=request.pending
        )

    def _address(self, snapshot: ProviderSnapshot, request: NewRequest) -> str:
        """Returns where the browser goes: with the request, or with a reference to the one that was pushed."""
        endpoint = snapshot.authorization_endpoint
        if snapshot.push_endpoint is None:
            return request.address(endpoint)
        with self._limit.sign_in():
            request_uri = self._back_channel.push(snapshot.push_endpoint, request.query)
        return pushed_address(endpoint, self._settings.client_id, request_uri)

    def _try_again(self) -> None:
        """Try PSC again for a user who asks. Raises UpstreamUnavailable, at once while the pause lasts."""
        if self._circuits.may_be_back():
            for url in self._circuits.open_urls():
                self._watch.look_at(url)
        if self._circuits.is_out():
            raise UpstreamUnavailable("circuit open")

    def complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, now: datetime
    ) -> UpstreamLogin:
        """Returns what the login proved. `state` is not compared here: by it the caller found, and took, `pending`."""
        try:
            login = self._complete(answer, pending, now)
        except UpstreamRefused as refusal:
            self._tell(str(refusal.reason))
            raise
        except UpstreamUnavailable:
            self._tell("unavailable")
            raise
        self._tell("completed")
        return login

    def _tell(self, outcome: str) -> None:
        with self._telling:
            self._outcomes[outcome] += 1

    def _complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], now: datetime
    ) -> UpstreamLogin:
        code = self._code_of(answer)
        nonce, verifier = pending.get("nonce"), pending.get("code_verifier")
        if not nonce or not verifier:
            raise refused("nothing pending")
        with self._limit.sign_in() as go_on:
            snapshot = self._discovery.snapshot()
            tokens = self._back_channel.redeem(snapshot.token_endpoint, code, verifier)
            go_on()
            at, access = now.timestamp(), tokens.access_token
            expected = ExpectedIdToken(
                settings=self._settings, skew=self._skew, nonce=nonce, access_token=access, now=at
            )
            verified = verify_id_token(tokens.id_token, expected, partial(self._keys.find, snapshot.jwks_uri))
            go_on()
            userinfo = self._back_channel.userinfo(snapshot.userinfo_endpoint, tokens.access_token)
        return _login(verified, userinfo, tokens.id_token, self._settings)

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        snapshot = self._discovery.snapshot()
        find_key = partial(self._keys.find, snapshot.jwks_uri)
        return verify_logout_token(token, self._settings, self._skew, now.timestamp(), find_key)

    def logout_url(self, id_token: str, *, return_url: str, state: str) -> str | None:
        try:
            endpoint = self._discovery.snapshot().end_session_endpoint
        except UpstreamUnavailable:
            return None
        if endpoint is None:
            return None
        arguments = {"id_token_hint": id_token, "post_logout_redirect_uri": return_url, "state": state}
        client = fresh_client(self._settings.client_id)
        return str(client.construct_EndSessionRequest(request_args=arguments).request(endpoint))

    def _code_of(self, answer: Mapping[str, str]) -> str:
        # RFC 9207 §2.4, also for errors. PSC announces `iss` but is not known to send it (facts/psc §2).
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            raise refused("callback: iss")
        if "error" in answer:
            error = read_message(AuthorizationErrorResponse, {"error": answer["error"]}).get("error")
            raise _failure_of(error)
        # Only the code is read: a token beside it was not requested (response_type=code).
        code = read_message(AuthorizationResponse, {"code": answer.get("code")}).get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise refused("callback: code")
        return code


def _failure_of(error: object) -> UpstreamRefused | UpstreamUnavailable:
    """Returns the failure of an error response (RFC 6749 §4.1.2.1)."""
    detail = f"callback: {registered_error(error)}"
    if error == "access_denied":
        return UpstreamRefused(UpstreamRefusal.CANCELLED, detail)
    return UpstreamUnavailable(detail) if error in _OUTAGES else refused(detail)


def _login(
    verified: VerifiedIdToken,
    userinfo: Mapping[str, object],
    id_token: str,
    settings: PscSettings,
) -> UpstreamLogin:
    # OpenID Connect Core §5.3.2: with another subject or national identifier, it is another person's answer.
    if userinfo.get("sub") != verified.subject:
        raise refused("userinfo: sub")
    told = known_names(userinfo, settings)
    claims = {**told, **known_names(verified.claims, settings)}
    if told.get("SubjectNameID", claims.get("SubjectNameID")) != claims.get("SubjectNameID"):
        raise refused(f"userinfo: {settings.claim_rpps}")
    person = read_person(claims, settings.physician_categories)
    return UpstreamLogin(
        rpps=person.rpps,
        family_name=person.family_name,
        given_name=person.given_name,
        profession=person.profession,
        specialities=person.specialities,
        subject=verified.subject,
        acr=verified.acr,
        amr=read_amr(verified.claims),
        auth_mode=read_auth_mode(claims),
        auth_time=verified.auth_time,
        is_auth_time_told=verified.is_auth_time_told,
        id_token=id_token,
        claims=read_released(claims),
        sid=read_sid(verified.claims),
    )
