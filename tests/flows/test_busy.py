"""A form whose password cannot be hashed now."""

from werkzeug.wrappers import Response

from idp.flows.shared.busy import busy


def test_the_page_says_when_to_try_again() -> None:
    """facts/security PW5."""
    page = busy(Response("busy", status=503))
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
