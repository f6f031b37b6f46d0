"""What the parser takes for a value."""

import pytest

from idp.cli.main import build_parser

OF_24_BYTES = "-kWb0cT9s_e3-hYQpZ7dVfJm1uXgR4La"


@pytest.mark.parametrize("typed", ["accounts sign-out 10000000017 --session", "why", "accounts show"])
def test_an_identifier_may_begin_with_a_dash(typed: str) -> None:
    options = build_parser().parse_args((*typed.split(), OF_24_BYTES))
    assert OF_24_BYTES in str(vars(options))


@pytest.mark.parametrize("typed", ["-x", "--sessio", "-f", "--" + OF_24_BYTES])
def test_what_looks_like_an_option_is_still_refused(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(("accounts", "show", typed))
    assert "idp accounts show: error" in capsys.readouterr().err
