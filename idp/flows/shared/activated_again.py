"""Contains the form of an activation that comes again, as its answer was lost (docs/adr/0068). Not here: using a code
(`flows/activation`)."""

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.activation import Activations, is_used_for
from idp.accounts.password import HashingBusy
from idp.flows.shared.desk import Desk
from idp.flows.shared.password_change import PasswordChange
from idp.interaction.binding import browser_of, last_authenticator
from idp.interaction.refusal import InteractionRefused
from idp.web.network_quota import NetworkQuota


def activated_again(
    desk: Desk,
    activations: Activations,
    change: PasswordChange,
    quota: NetworkQuota,
    request: Request,
    refused: InteractionRefused,
) -> Response:
    """Returns where the first click led. Raises InteractionRefused: this form, and its password, did not."""
    after = desk.opening.open_after(request, refused)
    form, account = desk.form(request, after), desk.account(after)
    if account is None or last_authenticator(after) != "activation":
        raise refused
    # A form with a password, like the first: nobody tries passwords here without end.
    if not quota.claim(request, browser_of(after)):
        raise refused
    is_its_code = is_used_for(activations.find(form.get("code", "")), account)
    if not (is_its_code and _is_chosen(change, account, form.get("new_password", ""))):
        raise refused
    return desk.prove(after)


def _is_chosen(change: PasswordChange, account: Account, password: str) -> bool:
    try:
        return change.is_in_force(account, password)
    except HashingBusy:
        return False
