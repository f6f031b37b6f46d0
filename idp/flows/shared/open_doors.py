"""Contains how the open doors are shown on a page. Not here: which are open (`interaction/next_stop`)."""

from idp.interaction.authenticator import Paths
from idp.interaction.upstream import Upstream
from idp.pages.sign_in import Doors
from idp.web.psc_button import OfficialPictures


def doors_of(paths: Paths, upstream: Upstream | None, pictures: OfficialPictures) -> Doors:
    open_doors = {path[0] for path in paths}
    has_psc = "psc" in open_doors
    # Both are asked: the first question looks, beside the page, whether the cause of the second is mended.
    is_out = has_psc and upstream is not None and upstream.is_out()
    is_misconfigured = has_psc and upstream is not None and upstream.is_misconfigured()
    return Doors(
        psc=has_psc,
        cps="cps" in open_doors,
        passkey="passkey" in open_doors,
        password="password" in open_doors,
        passkey_follows=("password", "password_passkey") in paths,
        psc_out=is_out or is_misconfigured,
        psc_misconfigured=is_misconfigured,
        psc_picture=pictures.has_button,
        psc_hover=pictures.has_hover,
    )
