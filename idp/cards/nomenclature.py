"""Codes and their French labels: professions (G15, G16) and specialities (R01, which includes R38).

Contains the two lists we ship and their look-ups. Not here: refusing a code: lists age, so an unknown code is shown as
it is and never fails a login.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class CodedLabel:
    """A nomenclature value. Programs compare the code; people read the label."""

    code: str
    label: str


#: Category of students (TRE_R09).
IN_TRAINING = "E"

# G16 (1.2.250.1.71.1.2.8), complete: only these four trainings carry a CPF card.
_FUTURE_PROFESSIONS: Mapping[str, str] = {
    "10": "Médecin en formation",
    "21": "Pharmacien en formation",
    "40": "Chirurgien-Dentiste en formation",
    "50": "Sage-Femme en formation",
}


def profession_label(code: str) -> str:
    """Returns the G15 label of a profession code, or the code itself."""
    return _labels("professions.csv").get(code, code)


def future_profession_label(code: str) -> str:
    """Returns the G16 label of the profession a CPF holder trains for, or the code itself."""
    return _FUTURE_PROFESSIONS.get(code, code)


def in_training(code: str) -> CodedLabel:
    """Returns the coded label of a person in training for this profession.

    G15 and G16 share their codes. Where both may stand, the category is appended (`10E`, as ANS writes `10C`): a
    relying party that compares codes must not take an intern for a physician.
    """
    return CodedLabel(f"{code}{IN_TRAINING}", future_profession_label(code))


def speciality_label(code: str) -> str:
    """Returns the R01 label of a speciality ("savoir-faire") code, or the code itself."""
    return _labels("specialities.csv").get(code, code)


@cache
def _labels(name: str) -> Mapping[str, str]:
    with resources.files(__package__).joinpath(name).open(encoding="utf-8") as rows:
        return {row["code"]: row["label"] for row in csv.DictReader(rows)}
