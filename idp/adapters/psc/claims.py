"""Who the person is, read from PSC's claims (facts/psc §4), in every layout seen, from any JSON.

Contains the RPPS, the names, the profession and the specialities. Pure: never raises, whatever the types.
Not here: verification, network, what happens to a person who has no RPPS.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.cards.nomenclature import IN_TRAINING, CodedLabel, in_training, profession_label, speciality_label
from idp.cards.person_name import UnreadableName, completed, parse_person_name
from idp.cards.rpps import is_luhn_valid
from idp.settings.psc import PHYSICIAN_CATEGORIES

Claims = Mapping[str, object]

_PHYSICIAN = "10"

# Nomenclature codes (TRE_G15, R01) are short and upper case. Any other text is no code, and no page shows it.
_CODE = re.compile(r"[0-9A-Z]{1,10}")
_AUTH_MODE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
_AMR = re.compile(r"[!-~]{1,32}")
# The syntax of a client identifier (Front-Channel Logout 1.0 §3), which may contain a space (RFC 6749 A.1).
_SID = re.compile(r"[ -~]{1,1024}")

#: Scope `psc`.
RELEASED = ("SubjectRefPro", "SubjectRole", "otherIds")

# More than any person has: a bound against a document made long on purpose.
_MAX_ENTRIES = 50
_MAX_RELEASED = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`rpps` and `profession` are None, and a name empty, when the claims have no readable one."""

    rpps: str | None
    family_name: str
    given_name: str
    profession: CodedLabel | None
    specialities: tuple[CodedLabel, ...]


def read_person(claims: Claims, physician_categories: tuple[str, ...] = PHYSICIAN_CATEGORIES) -> Person:
    """Returns the person of verified claims (ID token and userinfo together)."""
    practices = _practices(claims)
    chosen = _chosen_practice(practices, physician_categories)
    # RIE v1 EXI 12: names of practice have priority over civil names.
    family_name, given_name = _name(chosen, "nomDexercice"), _name(chosen, "prenomDexercice")
    return Person(
        rpps=read_rpps(claims),
        family_name=completed(family_name, _name(claims, "family_name"), beside=given_name),
        given_name=completed(given_name, _name(claims, "given_name"), beside=family_name),
        profession=_profession(chosen, physician_categories),
        specialities=_specialities(practices),
    )


def read_rpps(claims: Claims) -> str | None:
    """Returns the eleven digits, or None: ADELI, employees and EDIT identities have no RPPS (facts/psc §4.4)."""
    linked = _linked_rpps(claims)
    return _as_rpps(claims.get("SubjectNameID")) or (linked.pop() if len(linked) == 1 else None)


def has_two_rpps(*answers: Claims) -> bool:
    """Whether these answers about one person name more than one RPPS: then nobody knows which is theirs."""
    own = {_as_rpps(claims.get("SubjectNameID")) for claims in answers} - {None}
    return len(own.union(*map(_linked_rpps, answers))) > 1


def read_released(claims: Claims) -> dict[str, object]:
    """Returns what scope `psc` releases, as received; nothing if it is absurdly long (facts/psc §4)."""
    released = {name: claims[name] for name in RELEASED if name in claims}
    if "otherIDs" in claims:
        released.setdefault("otherIds", claims["otherIDs"])
    return released if len(json.dumps(released)) <= _MAX_RELEASED else {}


def read_sid(claims: Claims) -> str | None:
    """Returns PSC's session. Older tokens name it only in `session_state`."""
    found = claims.get("sid", claims.get("session_state"))
    return found if isinstance(found, str) and _SID.fullmatch(found) else None


def read_auth_mode(claims: Claims) -> str | None:
    """Returns `CARD`, `MOBILE`…, if PSC says it (facts/psc §2.2)."""
    mode = claims.get("authMode")
    return mode if isinstance(mode, str) and _AUTH_MODE.fullmatch(mode) else None


def read_amr(claims: Claims) -> tuple[str, ...]:
    """Returns what PSC asserts, verbatim. Never seen in a real token."""
    return tuple(one for one in _list(claims.get("amr")) if isinstance(one, str) and _AMR.fullmatch(one))


def _as_rpps(identifier: object) -> str | None:
    # ASCII digits and fullmatch: `\d` would accept other scripts, `$` a final newline.
    if not isinstance(identifier, str):
        return None
    if typed := re.fullmatch(r"8([0-9]{11})", identifier):
        return typed[1]
    # Some identities came without the type digit (facts/psc §9, duplicates). Eleven digits alone may be any
    # number: only the key digit shows an RPPS.
    if re.fullmatch(r"[0-9]{11}", identifier) and is_luhn_valid(identifier):
        return identifier
    return None


def _linked_rpps(claims: Claims) -> set[str]:
    """Returns the RPPS among the linked identifiers."""
    found = (
        _as_rpps(entry.get("identifiant"))
        for spelling in ("otherIds", "otherIDs")
        for entry in _objects(claims.get(spelling))
        if entry.get("origine") == "RPPS"
    )
    return {rpps for rpps in found if rpps is not None}


def _practices(claims: Claims) -> tuple[Claims, ...]:
    """Returns the `exercices`, normally inside `SubjectRefPro`: members move between releases (facts/psc §9)."""
    register = claims.get("SubjectRefPro")
    inner = tuple(_objects(register.get("exercices"))) if isinstance(register, dict) else ()
    return inner or tuple(_objects(claims.get("exercices")))


def _chosen_practice(practices: tuple[Claims, ...], physician_categories: tuple[str, ...]) -> Claims:
    """Returns the practice as physician if there is one, else the first with a profession, else an empty one."""
    with_profession = [one for one in practices if _code(one.get("codeProfession"))]
    # facts/psc §4.3: code 10 proves a physician only with an accepted category, not with E or without one.
    physician = (
        one
        for one in with_profession
        if one["codeProfession"] == _PHYSICIAN and _category(one) in physician_categories
    )
    return next(physician, None) or next(iter((*with_profession, *practices)), {})


def _profession(practice: Claims, physician_categories: tuple[str, ...]) -> CodedLabel | None:
    """Returns the profession. Without a category there is none.

    A relying party that compares codes takes 10 for a physician: another category is made part of the code."""
    code, category = _code(practice.get("codeProfession")), _category(practice)
    if code is None:
        return None
    if category == IN_TRAINING:
        return in_training(code)
    if practice["codeProfession"] != _PHYSICIAN or category in physician_categories:
        return CodedLabel(code, profession_label(code))
    return CodedLabel(f"{code}{category}", profession_label(code)) if category else None


def _category(practice: Claims) -> str:
    return _code(practice.get("codeCategorieProfessionnelle")) or ""


def _specialities(practices: tuple[Claims, ...]) -> tuple[CodedLabel, ...]:
    """Returns every know-how code once, in the order received, of any type (S and others): not all have one."""
    codes = dict.fromkeys(code for one in practices if (code := _code(one.get("codeSavoirFaire"))))
    return tuple(CodedLabel(code, speciality_label(code)) for code in codes)


def _name(claims: Claims, member: str) -> str:
    """Returns the name, "" when it is absent or not readable."""
    value = claims.get(member)
    try:
        return parse_person_name(value) if isinstance(value, str) else ""
    except UnreadableName:
        return ""


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _list(value: object) -> list[object]:
    return value[:_MAX_ENTRIES] if isinstance(value, list) else []


def _objects(value: object) -> Iterator[Claims]:
    return (one for one in _list(value) if isinstance(one, dict))
