"""`client_secrets`: one or two secrets, each with its days; what does not fit is told at its place, in these words."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from idp.clients.client_secrets import secret_among
from idp.clients.credential_days import Days, days_between
from idp.clients.located_yaml import BadYaml
from idp.clients.registry import Client, read_clients
from tests.clients.test_registry import advise

FIRST, NEXT = "first-secret-of-40-characters-0123456789", "next-secret-of-39-characters-0123456789"
ONE, OTHER = (hashlib.sha256(text.encode()).hexdigest() for text in (FIRST, NEXT))
_HEAD = """\
clients:
  - client_id: app
    client_name: App
    client_uri: https://app.example/
    redirect_uris: ["https://app.example/callback"]
"""


def read(tmp_path: Path, members: str) -> Client:
    file = tmp_path / "clients.yaml"
    file.write_text(_HEAD + "".join(f"    {line}\n" for line in members.splitlines()))
    return read_clients(file)["app"]


def test_two_secrets_are_read_with_their_days(tmp_path: Path) -> None:
    (tmp_path / "next").write_text(NEXT + "\n")
    client = read(
        tmp_path,
        f"client_secrets:\n- {{sha256: {ONE}, not_after: 2027-01-31}}\n- {{file: next, not_before: '2027-01-15'}}",
    )
    assert [secret.days for secret in client.secrets] == [
        Days(not_after=date(2027, 1, 31)),
        Days(not_before=date(2027, 1, 15)),
    ]
    found = [secret_among(client.secrets, text) for text in (FIRST, NEXT, FIRST + NEXT, "", ONE)]
    assert found == [*client.secrets, None, None, None]
    assert [secret.label for secret in client.secrets] == [ONE[:8], OTHER[:8]]
    assert client.auth_methods == ("client_secret_basic", "client_secret_post")


def test_one_secret_may_have_its_days_too(tmp_path: Path) -> None:
    client = read(
        tmp_path, f"client_secret: {{sha256: {ONE}, not_before: 2026-01-01, not_after: 2026-12-31}}"
    )
    (secret,) = client.secrets
    assert secret.days == Days(date(2026, 1, 1), date(2026, 12, 31))
    assert read(tmp_path, f"client_secrets: [{{sha256: {ONE}}}]").secrets[0].days == Days()


def test_days_hold_from_the_first_instant_of_the_first_to_the_last_of_the_last() -> None:
    days = Days(date(2027, 1, 15), date(2027, 1, 31))
    begin, end = datetime(2027, 1, 15, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    assert [days.hold(at) for at in (begin - instant, begin, end - instant, end)] == [
        False,
        True,
        True,
        False,
    ]
    assert days.ends_at == end
    assert Days().hold(begin)
    assert Days().ends_at is None


def test_between_two_that_hold_at_once_there_is_no_day() -> None:
    def of(first: int | None, last: int | None) -> Days:
        return Days(date(2027, 1, first) if first else None, date(2027, 1, last) if last else None)

    for one, other in ((of(None, 20), of(10, None)), (of(None, None), of(10, 20)), (of(1, 20), of(20, 31))):
        assert days_between(one, other) is days_between(other, one) is None
    assert days_between(of(None, 10), of(20, None)) == (date(2027, 1, 11), date(2027, 1, 19))
    assert days_between(of(20, None), of(None, 10)) == (date(2027, 1, 11), date(2027, 1, 19))
    assert days_between(of(None, 10), of(11, None)) == (date(2027, 1, 11), date(2027, 1, 10))


#: What is written → place after the file, and words.
_FAULTS = {
    "client_secrets: []": "6:21: expected one or two secrets: the present one, and the next",
    f"client_secrets:\n- {{sha256: {ONE}}}\n- {{sha256: {OTHER}}}\n- {{sha256: {'0' * 64}}}": (
        "7:5: expected one or two secrets: the present one, and the next"
    ),
    f"client_secrets: {{sha256: {ONE}}}": "6:21: expected a list",
    f"client_secrets:\n- {{sha256: {ONE}}}\n- {{sha256: {ONE}, not_before: 2027-01-01}}": (
        "8:7: expected another secret than the first: this is the same one"
    ),
    f"client_secrets: [{{sha256: {ONE}, not_before: 2027-02-01, not_after: 2027-01-31}}]": (
        "6:132: expected a day from `not_before` on: on none of them would it hold"
    ),
    f"client_secrets:\n- {{sha256: {ONE}, not_after: 2027-01-31}}\n- {{sha256: {OTHER}, not_before: 2027-02-10}}": (
        "8:7: expected days that meet those of the first: from 2027-02-01 to 2027-02-09 neither holds"
    ),
    f"client_secrets: [{{sha256: {ONE}, not_after: 2027-02-30}}]": (
        "6:108: expected a day, as 2027-01-31 (of UTC)"
    ),
    f"client_secrets: [{{sha256: {ONE}, not_after: [2027-01-31]}}]": (
        "6:108: expected a day, as 2027-01-31 (of UTC)"
    ),
    f"client_secrets: [{{sha256: {ONE}, until: 2027-01-31}}]": (
        "6:22: expected one of `file`, `env` or `sha256`: a secret is given by reference"
    ),
    "client_secrets: [{not_after: 2027-01-31}]": (
        "6:22: expected one of `file`, `env` or `sha256`: a secret is given by reference"
    ),
    f"client_secret: {{sha256: {ONE}}}\nclient_secrets: [{{sha256: {OTHER}}}]": (
        "7:21: expected `client_secret` or `client_secrets`, not both"
    ),
    f"client_secrets: [{{sha256: {hashlib.sha256(b'changeme').hexdigest()}}}]": (
        "6:21: expected a secret drawn by lot, not nothing, a line end, the client_id or a word of an example; "
        "`idp clients secret` makes one"
    ),
    f"client_secrets: [{{sha256: {ONE}}}]\ntoken_endpoint_auth_method: none": (
        "6:21: expected `client_secret` with client_secret_basic or client_secret_post, another method without one"
    ),
    f"client_secrets: [{{sha256: {ONE}}}]\nprofile: fapi2\njwks_uri: https://app.example/jwks": (
        "6:21: expected none: a key or a certificate proves this client, private_key_jwt, tls_client_auth, "
        "self_signed_tls_client_auth (profile fapi2)"
    ),
}


@pytest.mark.parametrize("written", _FAULTS)
def test_what_does_not_fit_is_told_at_its_place(tmp_path: Path, written: str) -> None:
    with pytest.raises(BadYaml) as told:
        read(tmp_path, written)
    assert str(told.value).partition(" (and ")[0] == f"{tmp_path / 'clients.yaml'}:{_FAULTS[written]}"


@pytest.mark.parametrize(
    "day",
    [
        "2027-1-31",
        "31/01/2027",
        "2027-01-31T00:00:00Z",
        "demain",
        "",
        "~",
        "1999-12-31",
        "9999-12-31",
        "２027-01-31",
        "1e9",
    ],
)
def test_what_is_no_day_is_refused(tmp_path: Path, day: str) -> None:
    with pytest.raises(BadYaml, match="expected a day, as 2027-01-31"):
        read(tmp_path, f"client_secret: {{sha256: {ONE}, not_after: {day}}}")


def test_secrets_without_a_day_in_common_are_advised_against(tmp_path: Path) -> None:
    both = "client_secrets:\n- {{sha256: {}, not_after: 2027-01-31}}\n- {{sha256: {}, not_before: {}}}"
    read(tmp_path, both.format(ONE, OTHER, "2027-02-01"))
    (advice,) = advise(tmp_path / "clients.yaml")
    assert advice.partition("yaml:")[2] == (
        "7:5: better some days on which both hold: the application changes its secret on one of them"
    )
    read(tmp_path, both.format(ONE, OTHER, "2027-01-31"))
    assert advise(tmp_path / "clients.yaml") == []
