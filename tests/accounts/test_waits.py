"""What a strong proof ends: the waits of passwords, the closed door of the mail code."""

import dataclasses
from datetime import timedelta

import pytest

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_otp import MailCodes
from idp.accounts.throttle import PasswordThrottle, Wait
from idp.accounts.waits import Waits
from idp.settings.mail_code import MailCodeSettings
from idp.settings.password import PasswordSettings
from tests.accounts.sent_codes import sent
from tests.fakes import FixedClock, MemoryStore

ALICE = CodeHolder(rpps="10000000017", browser="b", purpose="login", email="aicha@hopital.example")
GENEROUS = MailCodeSettings(per_minute=99, per_hour=99, per_day=99)


@pytest.fixture
def waits(store: MemoryStore, durable: MemoryStore) -> Waits:
    return Waits(
        PasswordThrottle(durable=durable, key=b"k", limits=PasswordSettings(pepper="p" * 43, free_tries=1)),
        MailCodes(store=store, durable=durable, key=b"k", limits=GENEROUS),
    )


def close_the_codes(codes: MailCodes, holder: CodeHolder, clock: FixedClock) -> None:
    for _ in range(20):
        wrong = f"{(int(sent(codes, holder, clock.now()).digits) + 1) % 10**8:08d}"
        with pytest.raises(CodeRefused):
            codes.check(holder, wrong, clock.now())


def why(codes: MailCodes, holder: CodeHolder, clock: FixedClock) -> str:
    return codes.why_no_code(holder, clock.now())


def test_passwords_and_codes_are_open_again(waits: Waits, clock: FixedClock) -> None:
    waits.throttle.begin(ALICE.rpps, "", clock.now())
    with pytest.raises(Wait):
        waits.throttle.begin(ALICE.rpps, "", clock.now())
    close_the_codes(waits.codes, ALICE, clock)
    assert why(waits.codes, ALICE, clock) == CodeRefusal.CLOSED
    waits.end(ALICE.rpps)
    waits.throttle.begin(ALICE.rpps, "", clock.now())
    waits.codes.check(ALICE, sent(waits.codes, ALICE, clock.now()).digits, clock.now())


def test_the_mailbox_of_an_enrolment_is_not_guessed_with_the_card_at_hand(
    waits: Waits, clock: FixedClock
) -> None:
    enrolling = dataclasses.replace(ALICE, purpose="enrolment")
    close_the_codes(waits.codes, enrolling, clock)
    waits.end(ALICE.rpps)
    assert why(waits.codes, enrolling, clock) == CodeRefusal.CLOSED
    clock.at += timedelta(days=1)
    assert why(waits.codes, enrolling, clock) != CodeRefusal.CLOSED
