"""docs/settings.md is what the groups declare."""

import re

from idp.settings.document import document
from idp.settings.groups import catalogue
from tests.house.reading import ROOT


def test_the_page_is_written_from_the_groups() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == document(), "run `make settings`"


def test_every_setting_has_its_row_with_six_cells() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|(.*)\|$", document(), re.MULTILINE)
    assert [name for name, _rest in rows] == list(catalogue())
    assert all(len(rest.split(" | ")) == 5 for _name, rest in rows)
    assert all(place.declared.meaning.endswith(".") for place in catalogue().values())


def test_no_default_of_a_secret_is_one() -> None:
    for place in catalogue().values():
        assert (
            not place.declared.is_secret
            or place.must_be_set
            or place.default in ("", "sqlite:///var/caducee.sqlite")
        )
