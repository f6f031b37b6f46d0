"""The postal address, changed by the person signed in."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.provider import Browser, Provider, audited

GOOD = {"address_line1": "3 quai de l'Île", "address_line2": "", "postal_code": "2a004", "city": "Ajaccio"}


@pytest.fixture
def signed_in(fresh: Provider) -> Browser:
    browser = fresh.browser()
    browser.sign_in()
    return browser


def change(browser: Browser, **typed: str) -> TestResponse:
    return browser.submit(browser.get("/account/address"), "/account/address", **{**GOOD, **typed})


def test_it_is_shown_changed_and_said(fresh: Provider, signed_in: Browser) -> None:
    before = fresh.account.address
    page = BeautifulSoup(signed_in.get("/account/address").text, "html.parser")
    assert [str(page.select(f"#{name}")[0].get("value", "")) for name in GOOD] == [
        before.line1,
        before.line2,
        before.postal_code,
        before.city,
    ]
    changed = change(signed_in)
    assert "Votre adresse postale est enregistrée." in changed.text
    address = fresh.accounts.get(fresh.account.id).address
    assert (address.line1, address.postal_code, address.city) == ("3 quai de l'Île", "2A004", "Ajaccio")
    assert audited(fresh).count("address:change:accepted") == 1
    # The session goes on: nothing was proved or voided by it.
    assert fresh.accounts.get(fresh.account.id).generation == fresh.account.generation


@pytest.mark.parametrize(
    ("field", "typed"),
    [("city", ""), ("postal_code", "<b>"), ("address_line1", "x" * 101), ("city", "é" * 81)],
)
def test_faulty_one_is_shown_again_as_typed_and_changes_nothing(
    fresh: Provider, signed_in: Browser, field: str, typed: str
) -> None:
    refused = change(signed_in, **{field: typed})
    assert refused.status_code == 422
    page = BeautifulSoup(refused.text, "html.parser")
    assert [str(link["href"]) for link in page.select('[role="alert"] a')] == [f"#{field}"]
    assert page.select("#address_line2")[0]["name"] == "address_line2"
    assert fresh.accounts.get(fresh.account.id).address == fresh.account.address
    assert "address:change:accepted" not in audited(fresh)


def test_the_same_address_once_more_is_no_change(fresh: Provider, signed_in: Browser) -> None:
    for _ in range(2):
        assert "enregistrée" in change(signed_in).text
    assert audited(fresh).count("address:change:accepted") == 1


def test_another_writer_who_came_first_is_not_undone(fresh: Provider, signed_in: Browser) -> None:
    page = signed_in.get("/account/address")
    fresh.accounts.save(replace(fresh.accounts.get(fresh.account.id), locale="en"))
    signed_in.submit(page, "/account/address", **GOOD)
    kept = fresh.accounts.get(fresh.account.id)
    assert (kept.locale, kept.address.city) == ("en", "Ajaccio")


def test_nobody_signs_in_first_and_nothing_is_changed(fresh: Provider, signed_in: Browser) -> None:
    page = signed_in.get("/account/address")
    signed_in.submit(signed_in.get("/"), "/end_session/confirm")
    assert "Identifiez-vous" in signed_in.submit(page, "/account/address", **GOOD).text
    assert fresh.accounts.get(fresh.account.id).address == fresh.account.address


def test_form_of_the_session_before_changes_nothing(fresh: Provider, signed_in: Browser) -> None:
    page = signed_in.get("/account/address")
    signed_in.submit(signed_in.get("/"), "/end_session/confirm")
    signed_in.sign_in()
    told = signed_in.submit(page, "/account/address", **GOOD)
    assert "La session de ce navigateur a changé" in told.text
    assert fresh.accounts.get(fresh.account.id).address == fresh.account.address


def test_form_of_another_site_changes_nothing(fresh: Provider, signed_in: Browser) -> None:
    form = BeautifulSoup(signed_in.get("/account/address").text, "html.parser").form
    assert form is not None
    hidden = {str(one["name"]): str(one["value"]) for one in form.select('[type="hidden"]')}
    evil = {"Origin": "https://evil.example"}
    assert signed_in.post("/account/address", data={**hidden, **GOOD}, headers=evil).status_code == 403
    forged = {"session": hidden["session"], "csrf": "0" * 64, **GOOD}
    assert signed_in.post("/account/address", data=forged).status_code == 403
    assert fresh.accounts.get(fresh.account.id).address == fresh.account.address
