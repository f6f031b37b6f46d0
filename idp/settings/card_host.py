"""Contains the host that asks browsers for the card. Not here: which cards sign in (`card`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import is_listening_place, origin_rules, split
from idp.settings.declared import number, setting
from idp.settings.faults import Rule

_ORIGIN = "an https origin"
_UNIX = "unix:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHostSettings:
    """The card host."""

    PREFIX: ClassVar[str] = "CARD_"

    origin: str = setting(
        "Its origin, with a host name of its own; `https://*.carte.example`: a new name at each attempt.",
        name="CARD_HOST",
    )
    listen: str = setting(
        "`host:port`, several separated by commas; or `unix:/path`, behind a proxy that runs as `CARD_PROXY_USER`.",
        "127.0.0.1:8443",
    )
    proxy_user: str = setting("Who runs that proxy.", "")
    connections: int = number("Open connections.", 400)
    connections_per_peer: int = number("Those from one address: a hospital may be one.", 50)
    certificate_file: Path = setting("PEM, with an RSA key.", Path("keys/card-host.crt"))
    key_file: Path = setting("Its key, PEM.", Path("keys/card-host.key"))

    @property
    def socket(self) -> Path | None:
        """Returns the socket that the proxy connects to; None when we do TLS ourselves."""
        return Path(self.listen.removeprefix(_UNIX)) if self.listen.startswith(_UNIX) else None

    @property
    def hosts(self) -> list[str]:
        return [place.strip().rpartition(":")[0].strip("[]") for place in self.listen.split(",")]

    @property
    def port(self) -> int:
        """Returns the port, the same for all hosts."""
        return int(self.listen.rpartition(":")[2])


def _one_host(origin: str) -> str:
    """Returns the origin with a name for `*`: `*.host` is canonical if a name under it is."""
    return origin.replace("://*.", "://any.", 1)


def _are_places(listen: str) -> bool:
    return all(map(is_listening_place, listen.split(",")))


RULES: tuple[Rule[CardHostSettings], ...] = (
    Rule(
        names="CARD_HOST",
        expected=_ORIGIN,
        is_broken=lambda s: not ((url := split(s.origin)) and url.scheme == "https" and url.hostname),
        it_is="another URL, or none",
    ),
    Rule(
        names="CARD_HOST",
        expected="https://host, or https://*.host for a new name at each attempt",
        is_broken=lambda s: "*" in _one_host(s.origin),
        it_is="one with * elsewhere",
    ),
    *origin_rules("CARD_HOST", _ORIGIN, lambda s: _one_host(s.origin)),
    Rule(
        names="CARD_LISTEN",
        expected="host:port, several separated by commas, or unix:/path",
        is_broken=lambda s: not _are_places(s.listen) if s.socket is None else not s.socket.is_absolute(),
        it_is="something else, or a port that none can be",
        leaves="kind",
    ),
    Rule(
        names="CARD_LISTEN",
        expected="one port for all hosts",
        is_broken=lambda s: (
            s.socket is None and len({place.rpartition(":")[2] for place in s.listen.split(",")}) > 1
        ),
        it_is="several ports",
    ),
    Rule(
        names="CARD_PROXY_USER",
        expected="who runs the proxy that CADUCEE_CARD_LISTEN is for",
        is_broken=lambda s: s.socket is not None and not s.proxy_user,
        it_is="not set",
        beside="CARD_LISTEN:kind",
    ),
)
