"""`idp mail check`: the way of a mail to the relay, without a mail."""

import argparse
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from idp.adapters.mail.smtp import SmtpTransport
from idp.cli.worker.mail import check
from idp.cli.worker.work import look_at_relay
from tests.adapters.mail.test_smtp import LOGIN, relay_of
from tests.configured import settings_with
from tests.servers import free_port


def printed(capsys: pytest.CaptureFixture[str], **changes: object) -> tuple[int, list[str]]:
    """Exit status and lines."""
    settings = settings_with(
        issuer="https://id.example",
        card_host="https://carte.example",
        application_key="k" * 43,
        password_pepper="p" * 43,
        **changes,
    )
    status = check(settings, argparse.Namespace())
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_relay_that_lets_us_in_is_found_in_order(
    tmp_path: Path, tls: str, capsys: pytest.CaptureFixture[str]
) -> None:
    login = {f"smtp_{name}": value for name, value in LOGIN.items()}
    with relay_of(tls, tmp_path) as relay:
        place = {"smtp_port": relay.port, "smtp_ca_file": tmp_path / "relay.pem"}
        status, lines = printed(capsys, **login, **place, smtp_tls=tls)
    assert relay.received.envelopes == []
    assert (status, lines) == (
        0,
        [
            f"relay localhost:{relay.port}, TLS {tls}, with a user name",
            "ok    it answers, and lets us in",
        ],
    )


def test_relay_that_does_not_is_a_fault_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    status, (_relay, told) = printed(capsys, smtp_port=free_port())
    assert status == 1
    assert told.startswith("FAULT it cannot be reached: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, the firewall (")


def test_worker_tells_its_log_at_the_start() -> None:
    transport = SmtpTransport(host="127.0.0.1", port=free_port(), sender="us@caducee.example", tls="none")
    with capture_logs() as logs:
        look_at_relay(transport)
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("mail_relay_unusable", "ConnectionRefusedError")
    ]
    assert "CADUCEE_SMTP_HOST" in logs[0]["remedy"]


def test_mails_in_the_clear_to_another_machine_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    # 127.0.0.2 is this machine too, but nothing in the settings says so.
    _status, lines = printed(capsys, smtp_host="127.0.0.2", smtp_port=free_port())
    assert lines[1] == "note  mails and their codes travel in the clear: CADUCEE_SMTP_TLS"
