"""Contains what an operator says of the rules of `idp conformity`. Not here: the rules (`conformity`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from idp.settings.declared import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformitySettings:
    """Conformity."""

    PREFIX: ClassVar[str] = "CONFORMITY_"

    rules_file: Path | None = setting(
        "Rules of `idp conformity` that are added, written anew, removed or answered here, YAML (conformity.md). Not "
        "set: those that come with the product.",
        None,
        source="docs/adr/0060",
    )
