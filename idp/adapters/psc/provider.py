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

from oic.oic.message import AuthorizationResponse

from idp.adapters.http.bounded import ProbingHttp, SafeHttp
from idp.adapters.psc.backchannel import PscBackChannel, read_message
from idp.adapters.psc.circuit import Circuits, GuardedHttp, Health
from idp.adapters.psc.client_secret import ClientSecret
from idp.adapters.psc.client_standing import ClientStanding
from idp.adapters.psc.concurrency_limit import ConcurrencyLimit, in_all
from idp.adapters.psc.discovery import Discovery, ProviderSnapshot
from idp.adapters.psc.errors import callback_failure
from idp.adapters.psc.id_token import refused, verify_id_token
from idp.adapters.psc.id_token_claims import ExpectedIdToken
from idp.adapters.psc.login import read_login
from idp.adapters.psc.lookout import Lookout, Run, beside
from idp.adapters.psc.request import NewRequest, new_request, pushed_address, wishes_of
from idp.adapters.psc.shared_circuits import SharedCircuits
from idp.adapters.psc.sign_out import PscSignOut
from idp.adapters.psc.signed_userinfo import verify_userinfo
from idp.adapters.psc.signing_keys import Allowance, SigningKeys
from idp.adapters.psc.watch import Watch
from idp.adapters.psc.way_out import way_out
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore
from idp.core.measures import PSC_LOGINS
from idp.interaction.upstream import (
    UpstreamFailed,
    UpstreamLogin,
    UpstreamLogout,
    UpstreamMisconfigured,
    UpstreamRequest,
    UpstreamUnavailable,
)
from idp.settings.psc import PscSettings

# DEBUG lines of these libraries hold codes and tokens.
for _name in ("oic", "jwkest"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# RFC 6749 A.11: the space is among its characters.
_CODE = re.compile(r"[ -~]{1,2048}")


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
        run: Run = beside,
    ) -> None:
        """`on_change` is called with True when an outage begins, False when it ends. `run` starts background work."""
        http = http or SafeHttp(certificate=settings.certificate, ca_file=settings.ca_file)
        failures, pause = settings.circuit_failures, settings.circuit_pause
        circuits = Circuits(clock=clock, failures=failures, pause=pause, on_change=on_change)
        guarded = GuardedHttp(http, circuits)
        self._settings, self._redirect_uri, self._skew = settings, redirect_uri, skew
        self._circuits, self._outcomes = circuits, Counter[str]()
        self._discovery = Discovery(settings, guarded, clock)
        secret = ClientSecret(settings)
        self._client = ClientStanding(secret=secret, clock=clock, pause=pause)
        self._keys = SigningKeys(guarded, clock, settings.keys_pause)
        self._back_channel = PscBackChannel(
            settings=settings, http=guarded, redirect_uri=redirect_uri, secret=secret, standing=self._client
        )
        self._limit = ConcurrencyLimit(settings.at_once, settings.timeout)
        self._watch = Watch(
            circuits=circuits,
            lookout=Lookout(circuits=circuits, clock=clock, every=settings.watch_every, run=run),
            http=http,
            discovery_address=settings.discovery_address,
            discovered=self._discovery.consider,
            client=self._look_at_client,
            token_endpoint=lambda: self._endpoint("token_endpoint"),
            wallet=self._wallet,
        )
        self._sign_out = PscSignOut(
            settings=settings,
            skew=skew,
            discovery=self._discovery,
            keys=self._keys,
            allowance=Allowance(),
            limit=ConcurrencyLimit(max(settings.at_once // 2, 1), settings.timeout, of="sign_outs"),
            way_out=way_out(settings, http, clock, run),
            is_out=self.is_out,
        )
        self._allowance = Allowance()
        self._telling = threading.Lock()

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    def is_out(self) -> bool:
        self._watch.probe()
        return self._circuits.is_out()

    def shared_in(self, store: EphemeralStore) -> SharedCircuits:
        """Returns what shares with the other processes that use this store whether there is an outage."""
        return SharedCircuits(
            circuits=self._circuits, store=store, issuer=self.issuer, look=self._watch.probe
        )

    def health(self) -> Health:
        """Returns the health for `/metrics`, and probes PSC as a sign-in page does."""
        is_out = self.is_out()
        self._sign_out.look()
        return Health(
            is_out=is_out,
            is_misconfigured=self.is_misconfigured(),
            failures={**self._circuits.failures_by_url(), **self._sign_out.failures_by_url()},
            outcomes=dict(self._outcomes),
        )

    def is_misconfigured(self) -> bool:
        return self._fault() is not None

    def _fault(self) -> str | None:
        return self._client.refusal() or self._discovery.fault()

    def _look_at_client(self) -> None:
        def ask() -> None:
            if endpoint := self._endpoint("token_endpoint"):
                self._back_channel.look_at_client(endpoint)

        self._client.ask_again(ask)

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

    def begin(self, *, fresh: bool, broker: str | None = None) -> UpstreamRequest:
        with in_all(self._settings.timeout):
            self._require_usable()
            snapshot = self._discovery.snapshot()
            wishes = wishes_of(self._settings, fresh=fresh, broker=broker)
            request = new_request(self._settings, self._redirect_uri, wishes)
            address = self._address(snapshot, request)
        return UpstreamRequest(url=address, state=request.state, pending=request.pending)

    def _address(self, snapshot: ProviderSnapshot, request: NewRequest) -> str:
        """Returns where the browser goes: with the request, or with a reference to the one that was pushed."""
        endpoint = snapshot.authorization_endpoint
        if snapshot.push_endpoint is None:
            return request.address(endpoint)
        with self._limit.place():
            request_uri = self._back_channel.push(snapshot.push_endpoint, request.query)
        return pushed_address(endpoint, self._settings.client_id, request_uri)

    def _require_usable(self) -> None:
        """Try PSC again for a user who asks. Raises UpstreamUnavailable, at once while the pause lasts."""
        self._look_at_client()
        if refusal := self._client.refusal():
            raise UpstreamMisconfigured(refusal)
        if self._circuits.may_be_back():
            for url in self._circuits.open_urls():
                self._watch.look_at(url)
        if self._circuits.is_out() and self._discovery.fault() is None:
            raise UpstreamUnavailable("circuit open")

    def complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, now: datetime
    ) -> UpstreamLogin:
        """Returns what the login proved. `state` is not compared here: by it the caller found, and took, `pending`."""
        try:
            login = self._complete(answer, pending, now)
        except UpstreamFailed as failed:
            self._tell(str(failed.reason))
            raise
        self._tell("completed")
        return login

    def _tell(self, outcome: str) -> None:
        with self._telling:
            self._outcomes[outcome] += 1
        PSC_LOGINS.of(outcome).add()

    def _complete(
        self, answer: Mapping[str, str], pending: Mapping[str, str], now: datetime
    ) -> UpstreamLogin:
        code = self._code_of(answer)
        nonce, verifier = pending.get("nonce"), pending.get("code_verifier")
        if not nonce or not verifier:
            raise refused("nothing pending")
        with self._limit.place() as go_on:
            snapshot = self._discovery.snapshot()
            go_on()
            tokens = self._back_channel.redeem(snapshot.token_endpoint, code, verifier)
            go_on()
            at, access = now.timestamp(), tokens.access_token
            expected = ExpectedIdToken(
                settings=self._settings, skew=self._skew, nonce=nonce, access_token=access, now=at
            )
            find_key = partial(self._keys.find, snapshot.jwks_uri, self._allowance)
            verified = verify_id_token(tokens.id_token, expected, find_key)
            go_on()
            userinfo = self._back_channel.userinfo(
                snapshot.userinfo_endpoint,
                access,
                lambda token: verify_userinfo(token, self._settings, self._skew, at, find_key),
            )
        return read_login(verified, userinfo, tokens.id_token, self._settings)

    def verify_logout(self, token: str, *, now: datetime) -> UpstreamLogout:
        return self._sign_out.read_token(token, now)

    def logout_url(self, id_token: str | None, *, return_url: str, state: str) -> str | None:
        return self._sign_out.url(id_token, return_url=return_url, state=state)

    def _code_of(self, answer: Mapping[str, str]) -> str:
        # RFC 9207 §2.4, also for errors. PSC announces `iss` but is not known to send it (facts/psc §2).
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            raise refused("callback: iss")
        if "error" in answer:
            raise callback_failure(answer["error"], answer.get("error_description"))
        # Only the code is read: a token beside it was not requested (response_type=code).
        code = read_message(AuthorizationResponse, {"code": answer.get("code")}).get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise refused("callback: code")
        return code
