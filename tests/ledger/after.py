"""What must hold once everything runs again, whatever was done to it.

Contains one function for each promise; each returns what breaks it, in words. Not here: the run.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.ledger.asking import parties_of, what_became_of
from tests.ledger.book import Ledger, Outcome
from tests.ledger.region import Region


@dataclass(frozen=True)
class Judge:
    region: Region
    ledger: Ledger

    def findings(self) -> list[str]:
        """Returns what does not hold, in the order of PROMISES."""
        found = [f"{name}: {told}" for name, judge in PROMISES.items() for told in judge(self)]
        return [*self.ledger.violations, *found]

    def each_single_use_at_most_once(self) -> Iterator[str]:
        for value, uses in self.ledger.uses.items():
            if uses > 1:
                yield f"…{value[-6:]} was taken {uses} times"

    def each_acknowledged_grant_is_there_and_audited(self) -> Iterator[str]:
        kept = {row[0] for row in self.region.rows("SELECT sid FROM grants")}
        query = (
            "SELECT a.rpps, count(*) FROM audit_events e JOIN accounts a ON a.id = e.account_id"
            " WHERE e.event = 'code:issue:accepted' GROUP BY a.rpps"
        )
        audited: dict[str, int] = dict(self.region.rows(query))
        for issued in self.ledger.issued:
            if issued.sid not in kept:
                yield f"no grant of session {issued.sid[:8]}"
        for rpps, number in Counter(issued.rpps for issued in self.ledger.issued).items():
            if audited.get(rpps, 0) < number:
                yield f"{number} codes redeemed, {audited.get(rpps, 0)} recorded (…{rpps[-3:]})"

    def each_sub_is_who_signed_in(self) -> Iterator[str]:
        subs: dict[str, set[str]] = {}
        for issued in self.ledger.issued:
            subs.setdefault(issued.rpps, set()).add(issued.sub)
        for rpps, found in subs.items():
            if len(found) > 1:
                yield f"{len(found)} subs of one person (…{rpps[-3:]})"
        owners = [sub for found in subs.values() for sub in found]
        if len(owners) != len(set(owners)):
            yield "two persons with one sub"

    def no_token_without_an_accepted_charter(self) -> Iterator[str]:
        query = (
            "SELECT count(*) FROM grants g WHERE NOT EXISTS"
            " (SELECT 1 FROM charter_acceptances c WHERE c.account_id = g.account_id)"
        )
        for (number,) in self.region.rows(query):
            if number:
                yield f"{number} grants of people without a charter"

    def the_last_acknowledged_address_is_there(self) -> Iterator[str]:
        for rpps, may_be in self.ledger.addresses.items():
            ((line,),) = self.region.rows("SELECT address_line1 FROM accounts WHERE rpps = %s", rpps)
            if line not in may_be:
                yield f"{line!r} where one of {may_be} was due"

    def nothing_works_after_its_acknowledged_end(self) -> Iterator[str]:
        yield from self._alive(self.ledger.revoked, "it was revoked")

    def nothing_works_that_began_before_a_new_epoch(self) -> Iterator[str]:
        yield from self._alive(self.ledger.void, "a new epoch began")

    def _alive(self, tokens: Sequence[tuple[str, str]], why: str) -> Iterator[str]:
        parties = {party.client_id: party for party in parties_of(self.region.cluster)}
        for client_id, token in tokens:
            outcome = what_became_of(parties[client_id], token)
            if outcome is not Outcome.REFUSED:
                yield f"…{token[-6:]} is answered « {outcome} » though {why}"

    def no_counter_counts_too_few(self) -> Iterator[str]:
        query = (
            "SELECT count(*) FROM audit_events e JOIN accounts a ON a.id = e.account_id"
            " WHERE a.rpps = %s AND e.event = 'password:check:refused'"
        )
        for rpps, told in self.ledger.wrong.items():
            ((counted,),) = self.region.rows(query, rpps)
            if counted < told:
                yield f"{told} passwords were told to be wrong, {counted} are recorded"

    def the_audit_trail_is_whole(self) -> Iterator[str]:
        verified = self.region.idp("audit", "verify")
        if verified.returncode:
            yield f"idp audit verify: {verified.stdout[-300:]}{verified.stderr[-300:]}"


PROMISES: dict[str, Callable[[Judge], Iterator[str]]] = {
    "every single-use item was used at most once": Judge.each_single_use_at_most_once,
    "every acknowledged grant is there, with its audit event": Judge.each_acknowledged_grant_is_there_and_audited,
    "every `sub` is who signed in": Judge.each_sub_is_who_signed_in,
    "no token without an accepted charter": Judge.no_token_without_an_accepted_charter,
    "the last acknowledged postal address is there": Judge.the_last_acknowledged_address_is_there,
    "nothing works after its acknowledged revocation": Judge.nothing_works_after_its_acknowledged_end,
    "nothing works that began before a new epoch": Judge.nothing_works_that_began_before_a_new_epoch,
    "no counter of failures counts too few": Judge.no_counter_counts_too_few,
    "the chain of the audit trail is whole": Judge.the_audit_trail_is_whole,
}
