"""Contains « Mon identité »: what was proved, by what, when; nobody types it. Not here: proving it."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.proofs import IdentityProof, Proofs
from idp.flows.shared.account_desk import AccountDesk
from idp.pages.account import IdentityPage, ProofView
from idp.pages.identity import identity_view
from idp.web.local_time import local_day
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFlow:
    desk: AccountDesk
    proofs: Proofs
    locales: Locales

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.IDENTITY.path, self.show)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.IDENTITY)
        identity, locale = entered.account.identity, self.locales.of(request)
        known = self.proofs.of(entered.account.id)
        page = IdentityPage(
            identity=identity_view(identity),
            source=identity.source,
            verified_on=local_day(identity.verified_at, locale),
            proofs=tuple(_proof_view(proof, locale) for proof in known),
        )
        return self.desk.page(request, entered, "account/identity.html", page)


def _proof_view(proof: IdentityProof, locale: str) -> ProofView:
    return ProofView(
        source=proof.source,
        profession=proof.profession.label if proof.profession else "",
        first_on=local_day(proof.first_at, locale),
        last_on=local_day(proof.last_at, locale),
    )
