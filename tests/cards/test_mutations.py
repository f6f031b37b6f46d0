"""Cards whose DER was taken apart and put together wrongly, signed by the pinned authority itself: refusals only.

`test_trust` damages bytes; here whole values go, come twice, change kind or length, so that the parser gets further.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.cards.certificate import MAX_CERTIFICATE_BYTES
from idp.cards.revocation import RevocationStatus
from idp.cards.trust import CardPolicy, CardRefused, verify_card
from sandbox.igc.issuing import Igc, sign_tbs
from tests.cards.factory import NOW, CardFactory
from tests.examples import examples

_CONSTRUCTED = 0x20


@dataclass
class Node:
    """One value of a DER tree; `content` of a constructed one is its children."""

    tag: int
    content: "bytes | list[Node]"

    def encode(self) -> bytes:
        inner = (
            self.content
            if isinstance(self.content, bytes)
            else b"".join(child.encode() for child in self.content)
        )
        return bytes([self.tag]) + _length(len(inner)) + inner


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def parse(der: bytes) -> list[Node]:
    found = []
    while der:
        header = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
        size = der[1] if header == 2 else int.from_bytes(der[2:header])
        inner = der[header : header + size]
        found.append(Node(der[0], parse(inner) if der[0] & _CONSTRUCTED else inner))
        der = der[header + size :]
    return found


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node.content, list):
        for child in node.content:
            yield from nodes(child)


def _drop(node: Node, octets: bytes) -> None:
    if isinstance(node.content, list):
        del node.content[:1]
    else:
        node.content = b""


def _double(node: Node, octets: bytes) -> None:
    node.content = node.content + node.content  # type: ignore[operator]


def _reverse(node: Node, octets: bytes) -> None:
    node.content = node.content[::-1]


def _replace(node: Node, octets: bytes) -> None:
    node.content = octets


def _retag(node: Node, octets: bytes) -> None:
    node.tag = octets[0] if octets else 0


def _nest(node: Node, octets: bytes) -> None:
    node.content = [Node(node.tag, node.content)]


CHANGES = (_drop, _double, _reverse, _replace, _retag, _nest)
plans = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(CHANGES), st.binary(max_size=40)),
    min_size=1,
    max_size=4,
)


class AlwaysGood:
    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        return RevocationStatus.GOOD


@pytest.fixture(scope="session")
def tbs(cards: CardFactory) -> bytes:
    return cards.card("martin").login.certificate.tbs_certificate_bytes


def test_tree_that_nobody_touched_comes_back_whole(tbs: bytes) -> None:
    (tree,) = parse(tbs)
    assert tree.encode() == tbs
    assert sum(1 for _ in nodes(tree)) > 100


@settings(
    max_examples=examples(400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(plan=plans)
def test_card_rebuilt_wrongly_is_refused_or_names_its_holder(
    tbs: bytes, igc: Igc, policy: CardPolicy, plan: list[tuple[int, object, bytes]]
) -> None:
    (tree,) = parse(tbs)
    for place, change, octets in plan:
        known = list(nodes(tree))
        change(known[place % len(known)], octets)  # type: ignore[operator]
    rebuilt = tree.encode()
    if len(rebuilt) > 2 * MAX_CERTIFICATE_BYTES:
        return
    try:
        card = verify_card(sign_tbs(rebuilt, igc.issuing.key), policy, now=NOW, revocation=AlwaysGood())
    except CardRefused:
        return
    assert card.national_id.rpps is not None
    assert card.family_name or card.given_name
