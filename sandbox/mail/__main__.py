"""`python -m sandbox.mail`: the SMTP listener and the pages, until SIGTERM.

Contains options and ports. Not here: mail logic.
"""

import argparse
import threading
from datetime import UTC, datetime

from sandbox.mail.catcher import Mailbox, listen
from sandbox.mail.pages import build_app
from sandbox.serving import serve

_SMTP_STOP_SECONDS = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail", description="Catch mails and show them.")
    parser.add_argument("--smtp-port", type=int, required=True, help="SMTP on 127.0.0.1")
    parser.add_argument("--web-port", type=int, required=True, help="pages on http://localhost")
    options = parser.parse_args()
    mailbox = Mailbox(now=lambda: datetime.now(UTC))
    smtp = listen(mailbox, options.smtp_port)
    try:
        serve({options.web_port: build_app(mailbox)})
    finally:
        # In a daemon thread: aiosmtpd waits without limit for a client that stays connected.
        stopping = threading.Thread(target=smtp.stop, daemon=True)
        stopping.start()
        stopping.join(_SMTP_STOP_SECONDS)


if __name__ == "__main__":
    main()
