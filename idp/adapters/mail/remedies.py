"""Contains where an operator looks when the relay takes no mail. Not here: a connection to it (`smtp`)."""

import smtplib
import ssl

from idp.adapters.mail.smtp import NoAuthority

#: The first row whose kind of fault it is. An SMTPException is an OSError.
_REMEDIES: tuple[tuple[type[OSError], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "it refuses the user name or the password: CADUCEE_SMTP_USERNAME, CADUCEE_SMTP_PASSWORD",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "it offers no STARTTLS, or no login: CADUCEE_SMTP_TLS, CADUCEE_SMTP_PORT, CADUCEE_SMTP_USERNAME",
    ),
    (
        smtplib.SMTPServerDisconnected,
        "it does not answer, or hangs up: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, CADUCEE_SMTP_TLS",
    ),
    (smtplib.SMTPException, "its answer is a refusal, or no SMTP: CADUCEE_SMTP_PORT, CADUCEE_SMTP_TLS"),
    (
        ssl.SSLCertVerificationError,
        "its certificate is of no authority known here, another name, or old: CADUCEE_SMTP_CA_FILE, CADUCEE_SMTP_HOST",
    ),
    (ssl.SSLError, "it speaks no such TLS there: CADUCEE_SMTP_TLS, CADUCEE_SMTP_PORT"),
    (NoAuthority, "the file of authorities holds none: CADUCEE_SMTP_CA_FILE"),
    (OSError, "it cannot be reached: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, the firewall"),
)


def remedy(error: OSError) -> str:
    """Returns what keeps the relay from taking mails, and where to look. `error`: of `SmtpTransport.check`."""
    return next(told for kind, told in _REMEDIES if isinstance(error, kind))
