"""Contains the code at the end of a sign-in: the person it was asked for, and the durable grant behind it.

Not here: the gate and the SSO session (`interaction/sign_in`), sending the code (`authorization_response`).
"""

import hmac
from dataclasses import dataclass

from idp.accounts.account import Account
from idp.accounts.grants import Grant, SessionEnded
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.assurance import Assurance
from idp.interaction.hub import Done
from idp.interaction.professional_context import hinted_context
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.sign_in import SessionOver, SignIn
from idp.interaction.store import random_token
from idp.interaction.visit import Visit
from idp.protocol.claims.account_claims import authentication_claims
from idp.protocol.claims.claims_request import read_claims_request
from idp.protocol.claims.subject import Subjects
from idp.protocol.engine.engine import Engine
from idp.protocol.jose.client_tokens import ClientTokens
from idp.signing.signer import SignerUnavailable


class OtherPerson(Exception):
    """Not the person that the relying party named."""


@dataclass(frozen=True, slots=True)
class Issued:
    """`cookie`: the new session cookie, None when the present one stays."""

    code: str
    cookie: str | None
    rpps: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssuer:
    work: UnitOfWork
    engine: Engine
    client_tokens: ClientTokens
    subjects: Subjects
    sign_in: SignIn
    audit: Audit
    clients: ClientFile

    def issue(self, done: Done, client: Client, visit: Visit) -> Issued:
        """Returns a new code. Raises IssueRefused (the gate), OtherPerson, SessionOver.

        `client`: as it is registered at this moment, with the address of the request.
        """
        interaction, account = done.interaction, done.account
        # Core §3.1.2.2, facts/security AZ8: before anything changes, also in the session of the wrong person.
        if not self.is_expected(interaction, account, client):
            raise OtherPerson
        # The session first: a grant names it by `sid`, and is refused below if that session was ended meanwhile.
        entered = self.sign_in.enter(done, client, visit)
        grant = Grant(
            id=random_token(),
            account_id=account.id,
            client_id=client.client_id,
            sid=entered.sid,
            granted_at=visit.now,
            generation=account.generation,
            upstream_sid=entered.upstream_sid,
            context_key=hinted_context(done.standing, interaction),
        )
        subject = self.subjects.of(account, client)
        try:
            with self.work.together():
                self.sign_in.tell(entered, done)
                code = self._code(interaction, subject, done.assurance, grant, client)
                self.audit.record(
                    AuditEvent.CODE_ISSUED,
                    account_id=account.id,
                    client_id=client.client_id,
                    interaction_id=interaction.id[:8],
                    acr=str(done.assurance.acr),
                )
        except SessionEnded as ended:
            # A logout came between: its notices are out, so neither a code nor the session may survive it (LO7).
            self.sign_in.withdraw(entered)
            raise SessionOver from ended
        return Issued(code, entered.cookie, account.identity.rpps)

    def require_signer(self, interaction: Interaction) -> None:
        """Called before the interaction is used up. Raises InteractionRefused: no key could sign its token now."""
        client = self.clients.get(interaction.client_id)
        try:
            if client is not None:
                self.client_tokens.require_signer(client, interaction.request.get("response_mode", "query"))
        except SignerUnavailable as error:
            raise InteractionRefused(InteractionRefusal.NOT_NOW, str(error)) from error

    def is_expected(self, interaction: Interaction, account: Account, client: Client) -> bool:
        """Whether this is the person that the relying party named, or it named none."""
        if interaction.subject is None:
            return True
        return hmac.compare_digest(interaction.subject.encode(), self.subjects.of(account, client).encode())

    def _code(
        self, interaction: Interaction, subject: str, assurance: Assurance, grant: Grant, client: Client
    ) -> str:
        return self.engine.code_for(
            interaction.request,
            grant=grant,
            subject=subject,
            # Under the registration of this moment: a scope removed from the client since /authorize releases nothing.
            asked=read_claims_request(interaction.request.get("claims"), client),
            authentication=authentication_claims(assurance, grant.sid),
        )
