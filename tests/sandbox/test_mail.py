"""The mail catcher as a process: mails go in by SMTP, come out as pages and JSON."""

import re
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from bs4 import BeautifulSoup

from tests.limits import within
from tests.sandbox.processes import free_port, start, stop
from tests.signals import signal_another_thread


@dataclass(frozen=True)
class Catcher:
    process: subprocess.Popen[str]
    smtp_port: int
    web: str

    def send(self, message: EmailMessage, to: list[str] | None = None) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=within(5)) as smtp:
            smtp.send_message(message, to_addrs=to)

    def send_text(self, to: str, subject: str, text: str) -> None:
        self.send(_message(to, subject, text))

    def messages(self, path: str = "/messages.json", **query: str) -> list[dict[str, Any]]:
        listing: list[dict[str, Any]] = _get(f"{self.web}{path}", **query).json()
        return listing


def _message(to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ne-pas-repondre@caducee.test", to, subject
    message.set_content(text)
    return message


def _get(url: str, **query: str) -> requests.Response:
    answer = requests.get(url, params=query, timeout=within(5))
    answer.raise_for_status()
    return answer


def _start() -> Catcher:
    smtp_port, web_port = free_port(), free_port()
    process = start("sandbox.mail", "--smtp-port", str(smtp_port), "--web-port", str(web_port))
    return Catcher(process, smtp_port, f"http://localhost:{web_port}")


@pytest.fixture(scope="module")
def process() -> Iterator[Catcher]:
    catcher = _start()
    yield catcher
    assert stop(catcher.process) == 0


@pytest.fixture
def catcher(process: Catcher) -> Catcher:
    requests.delete(f"{process.web}/messages.json", timeout=within(5)).raise_for_status()
    return process


def test_mails_are_listed_newest_first_with_every_field(catcher: Catcher) -> None:
    catcher.send_text("anne@example.org", "Premier", "un\n")
    message = _message("paul@example.org", "Votre code de vérification – été", "Voilà votre code : 482913\n")
    message.add_alternative("<p>Voilà <b>482913</b></p>", subtype="html")
    catcher.send(message)

    newest, oldest = catcher.messages()
    assert (newest["to"], newest["subject"]) == ("paul@example.org", "Votre code de vérification – été")
    assert newest["text"] == "Voilà votre code : 482913\n"
    assert newest["html"] == "<p>Voilà <b>482913</b></p>\n"
    assert datetime.now(UTC) - datetime.fromisoformat(newest["received_at"]) < timedelta(minutes=1)
    assert (oldest["subject"], oldest["text"], oldest["html"]) == ("Premier", "un\n", "")
    assert newest["id"] > oldest["id"]
    assert catcher.messages("/api/messages") == [newest, oldest]


def test_the_list_can_be_limited_to_one_address_whatever_its_case(catcher: Catcher) -> None:
    catcher.send_text("anne@example.org", "Pour Anne", "a")
    catcher.send_text("paul@example.org", "Pour Paul", "b")
    assert [mail["subject"] for mail in catcher.messages(to="ANNE@example.org")] == ["Pour Anne"]
    assert catcher.messages(to="anne@example") == []


def test_a_hidden_recipient_is_found_by_the_envelope(catcher: Catcher) -> None:
    catcher.send(_message("anne@example.org", "Copie", "c"), to=["anne@example.org", "cachee@example.org"])
    assert [mail["to"] for mail in catcher.messages(to="cachee@example.org")] == [
        "anne@example.org, cachee@example.org"
    ]


def test_delete_empties_the_mailbox(catcher: Catcher) -> None:
    catcher.send_text("anne@example.org", "Reste ?", "d")
    assert len(catcher.messages()) == 1
    assert requests.delete(f"{catcher.web}/messages.json", timeout=within(5)).status_code == 204
    assert catcher.messages() == []


def test_it_can_be_as_slow_as_a_relay_under_load(catcher: Catcher) -> None:
    def be_slow(told: object) -> int:
        return requests.put(f"{catcher.web}/api/delay", json=told, timeout=within(5)).status_code

    for wrong in ({}, [], "1", {"seconds": "1"}, {"seconds": None}, {"seconds": -1}, {"seconds": 601}):
        assert be_slow(wrong) == 400, wrong
    assert be_slow({"seconds": 0.4}) == 204
    began = time.monotonic()
    catcher.send_text("anne@example.org", "Lent", "f")
    assert time.monotonic() - began >= 0.4
    assert be_slow({"seconds": 0}) == 204
    assert [mail["subject"] for mail in catcher.messages()] == ["Lent"]


def test_only_the_last_500_mails_are_kept(catcher: Catcher) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=within(5)) as smtp:
        for number in range(502):
            smtp.send_message(_message("anne@example.org", f"n° {number}", "e"))
    subjects = [mail["subject"] for mail in catcher.messages()]
    assert subjects == [f"n° {number}" for number in range(501, 1, -1)]


def test_a_mail_of_unknown_charset_is_kept(catcher: Catcher) -> None:
    source = (
        b"Subject: =?x-none?q?abc?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\nlisible 123456\r\n"
    )
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=within(5)) as smtp:
        smtp.sendmail("a@example.org", ["b@example.org"], source)
    assert "lisible 123456" in catcher.messages(to="b@example.org")[0]["text"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Code : 482913", "482913"),
        ("Votre code : 482 913.", "482913"),
        ("RPPS 10003456781, puis le code\n\n73019264\n", "73019264"),
        ("Tél. 01 23 45 67 89, dossier 810003456781, 2026-11-23", None),
    ],
)
def test_the_code_stands_out_on_the_list(catcher: Catcher, text: str, shown: str | None) -> None:
    catcher.send_text("anne@example.org", "Code", text)
    page = BeautifulSoup(_get(catcher.web).text, "html.parser")
    strong = page.select_one("article .code strong")
    assert (strong and strong.text) == shown


def test_the_list_page_shows_the_newest_first_in_french(catcher: Catcher) -> None:
    for subject in ("ancien", "récent"):
        catcher.send_text("anne@example.org", subject, f"texte {subject}")
    page = BeautifulSoup(_get(catcher.web).text, "html.parser")
    assert page.html is not None
    assert page.html["lang"] == "fr"
    assert [title.text for title in page.select("article h2")] == ["récent", "ancien"]
    assert [text.text.strip() for text in page.select("article pre")] == ["texte récent", "texte ancien"]
    english = BeautifulSoup(_get(f"{catcher.web}/", lang="en").text, "html.parser")
    assert english.html is not None
    assert english.html["lang"] == "en"


def test_the_html_part_is_only_shown_as_source(catcher: Catcher) -> None:
    message = _message("anne@example.org", "<script>s</script>", "corps")
    message.add_alternative("<script>alert(1)</script>", subtype="html")
    catcher.send(message)
    page = _get(f"{catcher.web}/messages/{catcher.messages()[0]['id']}").text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_every_page_forbids_scripts_and_frames(catcher: Catcher) -> None:
    for path in ("/", "/messages.json"):
        policy = _get(f"{catcher.web}{path}").headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    page = _get(catcher.web).text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    stylesheet = re.search(r'href="(/static/[^"]+)"', page)
    assert stylesheet
    assert _get(f"{catcher.web}{stylesheet.group(1)}").headers["Content-Type"].startswith("text/css")


def test_an_unknown_message_gets_a_page_with_a_way_back(catcher: Catcher) -> None:
    answer = requests.get(f"{catcher.web}/messages/999999", timeout=within(5))
    assert answer.status_code == 404
    assert "Retour à la liste" in answer.text


def test_another_host_name_is_refused(catcher: Catcher) -> None:
    answer = requests.get(
        f"{catcher.web}/messages.json", headers={"Host": "attacker.example"}, timeout=within(5)
    )
    assert answer.status_code == 400


def test_sigterm_ends_it_quickly_even_with_silent_clients_connected() -> None:
    catcher = _start()
    web_port = int(catcher.web.rsplit(":", 1)[1])
    silent = [socket.create_connection(("127.0.0.1", port)) for port in (catcher.smtp_port, web_port)]
    with closing(silent[0]), closing(silent[1]):
        asked = time.monotonic()
        assert stop(catcher.process) == 0
        assert time.monotonic() - asked < within(2)


def test_sigterm_that_another_thread_takes_ends_it_too() -> None:
    catcher = _start()
    try:
        signal_another_thread(catcher.process.pid, signal.SIGTERM)
        assert catcher.process.wait(within(5)) == 0
    finally:
        catcher.process.kill()
        catcher.process.communicate()
