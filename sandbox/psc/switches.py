"""Every way in which the simulator can misbehave or change its format, as one table.

Contains the switches and their values. To add one: a field here, a label per language in `words.py`, and a reader where
it acts. Not here: acting on them.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

# What `outage` and `delay_on` can aim at. Each origin declares the target of each of its endpoints.
TARGETS = ("discovery", "certs", "token", "userinfo", "logout", "introspect", "revoke", "wallet", "par")

ID_TOKENS = (
    "correct",
    "wrong_aud",
    "wrong_nonce",
    "no_nonce",
    "wrong_iss",
    "expired",
    "from_the_future",
    "bad_signature",
    "alg_none",
    "alg_hs256",
    "unknown_kid",
    "alg_es512",
)

#: RFC 6749 §5.2; the first two are what Keycloak says of a wrong client or secret.
TOKEN_ERRORS = (
    "none",
    "invalid_client",
    "unauthorized_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unsupported_grant_type",
)
#: RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, and Keycloak's word for « begin again », for ever or once.
CALLBACK_ERRORS = (
    "none",
    "authentication_expired",
    "authentication_expired_once",
    "temporarily_unavailable",
    "server_error",
    "login_required",
    "invalid_scope",
    "unauthorized_client",
)
USERINFO_FORMATS = ("json", "jwt", "jwt_unsigned", "jwt_wrong_iss", "jwt_wrong_aud")
DOCUMENTS = ("correct", "another_issuer", "no_token_endpoint", "http_endpoint", "array")
ANSWERS = (
    "ordinary",
    "html",
    "not_json",
    "five_megabytes",
    "cut_off",
    "one_mebibyte",
    "other_charset",
    "empty_401",
)


LOGOUT_TOKENS = ("correct", "twice", "unknown_kid", "without_sid")


class SwitchError(ValueError):
    """There is no such switch, or it does not take this value. The message may be shown."""


class Rule(Protocol):
    """The values of one switch. `kind`: its control on the page."""

    @property
    def kind(self) -> str: ...

    def accept(self, raw: object) -> Any:
        """Returns the value, from JSON or a form field. Raises ValueError."""


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]
    kind: str = "choice"

    def accept(self, raw: object) -> str:
        if raw not in self.values:
            raise ValueError(f"expected one of {', '.join(self.values)}")
        return str(raw)


@dataclass(frozen=True)
class Flag:
    kind: str = "flag"

    def accept(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise ValueError("expected true or false")
        return raw


@dataclass(frozen=True)
class Number:
    low: float
    high: float
    whole: bool = True
    kind: str = "number"

    def accept(self, raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError("expected a number")
        value = float(raw)
        if (
            not math.isfinite(value)
            or not self.low <= value <= self.high
            or (self.whole and value != int(value))
        ):
            raise ValueError(f"expected a number from {self.low} to {self.high}")
        return int(value) if self.whole else value


def _switch(default: Any, rule: Rule) -> Any:
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class Switches:
    """The defaults are the ordinary behaviour of the real service (facts/psc §5, §11.5)."""

    sub_format: str = _switch("federated", Choice(("federated", "uuid", "same_for_all", "with_space")))
    acr: str = _switch("eidas1", Choice(("eidas1", "eidas3", "absent", "0", "duplicated")))
    auth_mode: bool = _switch(True, Flag())
    callback_iss: bool = _switch(True, Flag())
    acr_values_required: bool = _switch(True, Flag())
    user_cancel: bool = _switch(False, Flag())
    prompt_login_ignored: bool = _switch(False, Flag())
    max_age_refused: bool = _switch(False, Flag())
    auth_time: str = _switch("told", Choice(("told", "with_max_age", "absent")))
    par_required: bool = _switch(False, Flag())
    new_name: bool = _switch(False, Flag())
    id_token: str = _switch("correct", Choice(ID_TOKENS))
    userinfo_sub_mismatch: bool = _switch(False, Flag())
    userinfo_format: str = _switch("json", Choice(USERINFO_FORMATS))
    two_rpps: bool = _switch(False, Flag())
    token_error: str = _switch("none", Choice(TOKEN_ERRORS))
    callback_error: str = _switch("none", Choice(CALLBACK_ERRORS))
    discovery_document: str = _switch("correct", Choice(DOCUMENTS))
    logout_state: str = _switch("returned", Choice(("returned", "missing", "changed")))
    logout_token: str = _switch("correct", Choice(LOGOUT_TOKENS))
    token_kid: bool = _switch(True, Flag())
    sid_with_space: bool = _switch(False, Flag())
    answer: str = _switch("ordinary", Choice(ANSWERS))
    answer_on: str = _switch("userinfo", Choice(TARGETS))
    outage: str = _switch("none", Choice(("none", "everything", *TARGETS)))
    delay_on: str = _switch("everything", Choice(("everything", *TARGETS)))
    delay_seconds: float = _switch(0.0, Number(0, 60, whole=False))
    clock_offset_seconds: int = _switch(0, Number(-86_400, 86_400))
    key_generation: int = _switch(1, Number(1, 9))
    old_keys: str = _switch("published", Choice(("published", "withdrawn")))

    def changed(self, wanted: Mapping[str, object]) -> "Switches":
        """Returns a copy with these values. Raises SwitchError."""
        accepted = {}
        for name, raw in wanted.items():
            if name not in RULES:
                raise SwitchError(f"unknown switch {name!r}")
            try:
                accepted[name] = RULES[name].accept(raw)
            except ValueError as refusal:
                raise SwitchError(f"{name}: {refusal}") from refusal
        return replace(self, **accepted)

    def changed_by_form(self, form: Mapping[str, str]) -> "Switches":
        """Returns a copy as `changed`, from a complete HTML form, in which a flag turned off is not sent."""
        flags = {name: name in form for name, rule in RULES.items() if rule.kind == "flag"}
        return self.changed({**form, **flags})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def is_out(self, target: str) -> bool:
        return self.outage in ("everything", target)

    def answer_of(self, target: str) -> str:
        return self.answer if self.answer_on == target else "ordinary"

    def delay_of(self, target: str) -> float:
        return self.delay_seconds if self.delay_on in ("everything", target) else 0.0


RULES: Mapping[str, Rule] = {entry.name: entry.metadata["rule"] for entry in fields(Switches)}
