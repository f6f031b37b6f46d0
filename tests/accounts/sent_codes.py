"""A mail code as a person gets it. Not here: a mail."""

from datetime import datetime

from idp.accounts.code_keys import CodeHolder
from idp.accounts.email_otp import MailCodes
from idp.accounts.sent_code import CodeToSend


def sent(codes: MailCodes, holder: CodeHolder, now: datetime) -> CodeToSend:
    """Returns the code of a mail that was posted. Raises NotSent."""
    code = codes.to_send(holder, now)
    codes.send(code)
    return code
