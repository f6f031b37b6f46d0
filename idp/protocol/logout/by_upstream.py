"""The way of a sign-out by Pro Santé Connect, and back.

Contains whether the browser is sent there, and which sign-out it comes back from. Not here: pages, what is ended here
(`end_session`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.sealing import Sealer
from idp.interaction.session import Session
from idp.interaction.store import GRACE, random_token
from idp.interaction.upstream import Upstream

#: For a page that the person still reads, or whose language they change.
_REMEMBERED = timedelta(minutes=15)

#: What a relying party asked for, as plain values.
Asked = Mapping[str, Any]


class Onward(NamedTuple):
    """`url`: where the browser ends the session there. `is_left_open`: there is one, and it cannot be ended.

    `name`: of this sign-out, for a cookie; None when Pro Santé Connect has no part in it.
    """

    url: str | None
    is_left_open: bool
    name: str | None


class Back(NamedTuple):
    """`is_certain`: the `state` is the one that we gave. `is_left_open`: as it was when the browser left."""

    asked: Asked | None
    is_certain: bool
    is_left_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WayByUpstream:
    upstream: Upstream | None
    store: EphemeralStore
    sealer: Sealer
    #: Where Pro Santé Connect sends the browser back to.
    return_url: str

    def out(self, ended: Session | None, asked: Asked) -> Onward:
        """Returns where its own session is ended, which would let a colleague in (facts/psc §9)."""
        if ended is None or ended.upstream_id_token is None:
            return Onward(None, is_left_open=False, name=None)
        url, state, name = None, random_token(), random_token()
        if self.upstream is not None:
            id_token = self.sealer.open(ended.upstream_id_token)
            url = self.upstream.logout_url(id_token, return_url=self.return_url, state=state)
        if url is not None:
            self.store.put(Kind.LOGOUT_REQUEST, state, asked, GRACE)
        remembered = {"asked": asked, "is_left_open": url is None}
        self.store.put(Kind.LOGOUT_OF_BROWSER, name, remembered, _REMEMBERED)
        return Onward(url, is_left_open=url is None, name=name)

    def back(self, state: str, name: str | None) -> Back:
        """Returns the sign-out of this `state`, once; else the one of this name (facts/psc §6)."""
        asked = self.store.take(Kind.LOGOUT_REQUEST, state)
        if asked is not None:
            return Back(asked, is_certain=True, is_left_open=False)
        remembered = self.store.get(Kind.LOGOUT_OF_BROWSER, name) if name else None
        if remembered is None:
            return Back(None, is_certain=False, is_left_open=False)
        return Back(
            remembered.value["asked"], is_certain=False, is_left_open=remembered.value["is_left_open"]
        )
