"""Contains the way to the mail relay, built from the settings. Not here: the outbox."""

from idp.adapters.mail.smtp import NoAuthority, SmtpTransport, tls_context
from idp.core.clock import Clock
from idp.settings import Settings, bad_setting
from idp.wiring.operator_files import unreadable


def build_transport(settings: Settings, clock: Clock) -> SmtpTransport:
    """Returns it. Raises BadSetting: a file that cannot serve is told at the start, not at the first mail."""
    mail, expected = settings.mail, "a readable file of PEM certificates"
    try:
        tls_context(mail.ca_file)
    except NoAuthority as error:
        raise bad_setting("SMTP_CA_FILE", f"{expected}; it holds none") from error
    except OSError as error:
        raise unreadable("SMTP_CA_FILE", expected, error) from error
    return SmtpTransport(
        host=mail.host,
        port=mail.port,
        sender=mail.sender,
        tls=mail.tls,
        owner=settings.house.name,
        authorities=mail.ca_file,
        username=mail.username or None,
        password=mail.password or None,
        connections=mail.connections,
        whole=mail.within.total_seconds(),
        clock=clock,
    )
