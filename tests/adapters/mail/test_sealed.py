"""A mail that waits in the outbox can be read only by the worker that sends it."""

import dataclasses

import pytest

from idp.adapters.mail.sealed import OpeningTransport, SealedOutbox
from idp.core.mailer import Mail
from idp.core.sealing import Sealer

MAIL = Mail(to="marie@cabinet.example", subject="Votre code", text="code 12345678", html="<p>12345678</p>")


@dataclasses.dataclass
class _Kept:
    """Outbox and transport at once: it keeps what it is given."""

    mails: list[Mail] = dataclasses.field(default_factory=list)

    topics: list[str] = dataclasses.field(default_factory=list)

    def post(self, mail: Mail, *, expires_after_seconds: int, topic: str = "") -> None:
        self.mails.append(mail)
        self.topics.append(topic)

    def withdraw(self, topic: str) -> bool:
        is_waiting = topic in self.topics
        self.topics = [one for one in self.topics if one != topic]
        return is_waiting

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)


def test_a_waiting_mail_shows_no_code_and_arrives_as_written():
    waiting, sent, sealer = _Kept(), _Kept(), Sealer(b"k" * 32)
    SealedOutbox(waiting, sealer).post(MAIL, expires_after_seconds=600)
    assert "12345678" not in waiting.mails[0].text + waiting.mails[0].html
    OpeningTransport(sent, sealer).send(waiting.mails[0])
    assert sent.mails == [MAIL]


def test_a_sealed_mail_keeps_its_topic_by_which_it_is_withdrawn():
    waiting = _Kept()
    sealed = SealedOutbox(waiting, Sealer(b"k" * 32))
    sealed.post(MAIL, expires_after_seconds=600, topic="code")
    assert waiting.topics == ["code"]
    assert sealed.withdraw("code")
    assert waiting.topics == []
    assert not sealed.withdraw("code")


def test_a_mail_sealed_under_another_key_is_dropped_not_sent():
    waiting, sent = _Kept(), _Kept()
    SealedOutbox(waiting, Sealer(b"k" * 32)).post(MAIL, expires_after_seconds=600)
    with pytest.raises(ValueError, match="another application key"):
        OpeningTransport(sent, Sealer(b"o" * 32)).send(waiting.mails[0])
    assert sent.mails == []
