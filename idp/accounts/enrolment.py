"""From a proved identity and a form to an account: what is checked and what is kept (facts/security CP7, GD1)."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from email_validator import EmailNotValidError, validate_email

from idp.accounts.account import NO_PASSWORD, Account, AccountId, PostalAddress, ProvedIdentity
from idp.cards.typed_text import is_dash, one_line

#: Form fields and their longest values; the password has its own rules.
LONGEST: Mapping[str, int] = {
    "email": 254,
    "address_line1": 100,
    "address_line2": 100,
    "postal_code": 10,
    "city": 80,
}
_LINK = "mailto:"
_OPTIONAL = frozenset({"address_line2"})
#: Those of the postal address.
ADDRESS_FIELDS = ("address_line1", "address_line2", "postal_code", "city")


@dataclass(frozen=True, slots=True)
class EnrolmentForm:
    """Verified values."""

    email: str
    address: PostalAddress


def _address(text: str) -> str:
    """Returns a pasted address without what a link or a sentence put around it."""
    line = one_line(text)
    bare = line[len(_LINK) :] if line.casefold().startswith(_LINK) else line
    return bare.removeprefix("<").rstrip("> .,;")


def _postal_code(text: str) -> str:
    """Returns a pasted postal code with ASCII letters, digits and dashes where they have such a form."""
    return "".join("-" if is_dash(c) else c for c in one_line(unicodedata.normalize("NFKC", text)))


_READ: Mapping[str, Callable[[str], str]] = {"email": _address, "postal_code": _postal_code}


def typed_values(form: Mapping[str, str]) -> dict[str, str]:
    """Returns the fields that may be shown again and kept as a draft: never the password."""
    return {
        name: _READ.get(name, one_line)(form.get(name, ""))[: longest + 1]
        for name, longest in LONGEST.items()
    }


def verified_email(text: str) -> str | None:
    """Returns the address in the form to write to, None for none."""
    try:
        # Only the syntax is checked: a code proves the mailbox. `.test` (RFC 2606) is for relying parties' CI.
        return validate_email(
            text, check_deliverability=False, allow_smtputf8=False, test_environment=True
        ).normalized
    except EmailNotValidError:
        return None


def email_fault(text: str) -> str | None:
    """Returns the catalogue key of what is wrong with an address, None when it is well formed."""
    if not text:
        return "enrolment.required"
    if len(text) > LONGEST["email"]:
        return "enrolment.too_long"
    return None if verified_email(text) else "enrolment.email_malformed"


def form_faults(values: Mapping[str, str]) -> dict[str, str]:
    """Returns catalogue keys by faulty field; empty when the form is valid. `values` come from `typed_values`."""
    fault = email_fault(values["email"])
    return ({} if fault is None else {"email": fault}) | address_faults(values)


def address_faults(values: Mapping[str, str]) -> dict[str, str]:
    """Returns those of the postal address alone, as `form_faults` does."""
    faults = _length_faults(values, ADDRESS_FIELDS)
    # French codes are 5 digits; overseas and border practices may have others (letters, spaces, dash).
    if "postal_code" not in faults and not re.fullmatch(
        r"[0-9A-Z][0-9A-Z -]{2,9}", values["postal_code"].upper()
    ):
        faults["postal_code"] = "enrolment.postal_code_malformed"
    return faults


def _length_faults(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    faults = {}
    for name in names:
        if not values[name] and name not in _OPTIONAL:
            faults[name] = "enrolment.required"
        elif len(values[name]) > LONGEST[name]:
            faults[name] = "enrolment.too_long"
    return faults


def verified_form(values: Mapping[str, str]) -> EnrolmentForm:
    """Returns the form, to be called once `form_faults` found none. Raises ValueError."""
    email = verified_email(values["email"])
    if email is None:
        raise ValueError("the form was not verified")
    return EnrolmentForm(email, typed_address(values))


def typed_address(values: Mapping[str, str]) -> PostalAddress:
    """Returns the address as it stands in the form, faulty or not."""
    return PostalAddress(
        line1=values["address_line1"],
        line2=values["address_line2"],
        postal_code=values["postal_code"].upper(),
        city=values["city"],
    )


def address_values(address: PostalAddress) -> dict[str, str]:
    """Returns the address as its form has it."""
    texts = (address.line1, address.line2, address.postal_code, address.city)
    return dict(zip(ADDRESS_FIELDS, texts, strict=True))


def proof_mark(identity: ProvedIdentity) -> str:
    """Returns the digest that ties a form to the proof it was shown for (facts/security CP7).

    The form posts it back: if the person proved another card meanwhile, the digest differs.
    """
    proof = "\n".join((identity.source, identity.evidence, identity.rpps))
    return hashlib.sha256(proof.encode()).hexdigest()


def new_account(
    identity: ProvedIdentity,
    *,
    email: str,
    password_hash: str,
    address: PostalAddress,
    locale: str,
    now: datetime,
) -> Account:
    """Returns a new account. Its internal id and `sub` are random and unrelated (facts/security T7, TK13)."""
    return Account(
        id=AccountId(secrets.token_urlsafe(18)),
        subject=secrets.token_urlsafe(24),
        identity=identity,
        email=email,
        email_verified_at=now,
        password_hash=password_hash,
        address=address,
        created_at=now,
        password_changed_at=None if password_hash == NO_PASSWORD else now,
        locale=locale,
    )
