"""Contains how a command tells what is wrong with the audit trail. Not here: finding that (`verify`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from idp.cli.visible import json_text
from idp.core.audit_chain import day_of
from idp.core.audit_walk import Finding

#: Told one by one; the rest is counted.
_TOLD = 50


def tell_found(found: Sequence[Finding], whole: Mapping[str, int], *, as_json: bool) -> None:
    """Print them, the first first, and the whole."""
    (_tell_as_json if as_json else _tell)(sorted(found, key=_place), whole)


def _tell(found: Sequence[Finding], whole: Mapping[str, int]) -> None:
    for one in found[:_TOLD]:
        where = f"row {one.row}" if one.row is not None else "no row"
        print(f"{one.fault}: {where}, {one.chain} number {one.sequence}: {one.told}")
    if len(found) > _TOLD:
        print(f"and {len(found) - _TOLD} more")
    if whole["without_chain"]:
        print(f"{whole['without_chain']} rows of before there was a chain: nothing binds them")
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in whole.items())
    is_whole = not (found or whole.get("other_bytes"))
    print(f"{'whole' if is_whole else 'BROKEN'}: {told}")


def _tell_as_json(found: Sequence[Finding], whole: Mapping[str, int]) -> None:
    for one in found:
        print(json_text({**asdict(one), "at": None if one.at is None else one.at.isoformat()}, indent=None))
    print(json_text(whole, indent=None))


def _place(one: Finding) -> tuple[str, str, int]:
    # What has no instant, as the end of a chain, comes after what has one that day.
    return (day_of(one.chain), "~" if one.at is None else one.at.isoformat(), one.sequence)
