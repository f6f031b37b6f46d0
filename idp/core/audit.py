"""Port to the audit trail: who did what, when, with which result.

Contains the events, named `subject:action:outcome`, each under the sentence that tells when it is written, of which
docs/audit.md is made (`python -m idp.core.audit_document`). Their facts are short typed values; the account is
named by its internal id only. Not here: personal data, secrets, codes, tokens (facts/security LG1-LG3).
"""

from enum import StrEnum
from typing import Protocol

Fact = str | int | bool


class AuditEvent(StrEnum):
    # Sign-in.
    #: a card proved the person
    CARD_LOGIN_ACCEPTED = "card:login:accepted"
    #: a card was refused; `reason`. To the person whom it names; `is_believed` false: no trusted authority signed that
    CARD_LOGIN_REFUSED = "card:login:refused"
    #: a card of unknown revocation status was accepted under the operator's emergency
    CARD_STATUS_BYPASSED = "card:status:bypassed"
    #: `Client-Cert` came from another peer than the proxy
    CARD_HEADER_REFUSED = "card:header:refused"
    #: Pro Santé Connect proved the person
    PSC_LOGIN_ACCEPTED = "psc:login:accepted"
    #: its answer was refused, or the account is disabled; `reason`, whose table is in
    #: [operate.md](operate.md#what-its-errors-mean); `incident`. To the person it names, or the account of its `sub`
    PSC_LOGIN_REFUSED = "psc:login:refused"
    #: a right password
    PASSWORD_ACCEPTED = "password:check:accepted"
    #: `reason` `wrong`: a wrong password, or an RPPS without account; `account_disabled`, `password_closed`,
    #: `mailbox_shared`: the right password of a disabled account, or one that its person closed, or of one whose
    #: mailbox others read too and that has no passkey, which reads on its page what a wrong one does; `identity_old`: a
    #: right one, of a person whose identity was proved too long ago
    PASSWORD_REFUSED = "password:check:refused"
    #: a password was not compared: too many tries; `reason` `wait`, `closed` (of the person, in this browser), `slowed`
    #: (of many persons, from one network); `seconds` to wait
    PASSWORD_THROTTLED = "password:check:throttled"
    #: a right password was found in the lists of common or leaked passwords, for the first time; its person chooses
    #: another one before the sign-in goes on
    PASSWORD_LISTED = "password:check:listed"
    #: passwords of unusually many persons were refused; `scope` `network`: from one address, which is slow from then
    #: on; `house`: in one minute, whatever the network, beside the `usual` number; `people`
    PASSWORD_SPREAD = "password:spread:warned"
    #: a code was sent by mail, a new one or the same again
    MAIL_CODE_SENT = "mail_code:send:accepted"
    #: no code was sent; `reason` `too_soon`, `quota` (of the person's hour), `quota_of_day`, `network` (of everybody
    #: behind the address), `closed`
    MAIL_CODE_NOT_SENT = "mail_code:send:throttled"
    #: a right code
    MAIL_CODE_ACCEPTED = "mail_code:check:accepted"
    #: a code was refused; `reason`, `used` among them: it signed in before, in another tab
    MAIL_CODE_REFUSED = "mail_code:check:refused"
    #: a passkey proved the person; `passkey`
    PASSKEY_ACCEPTED = "passkey:login:accepted"
    #: a passkey was refused; `reason` `stale` (the page waited too long, or its answer was used), `malformed`,
    #: `unknown` (or removed), `elsewhere` (another site), `not_verified` (of its person), `wrong` (signature,
    #: challenge), `other_person` (than the password's), `account_disabled`, `counter` (went back, of a passkey that
    #: never leaves its device), `identity_old` (the right one, of a person whose identity was proved too long ago).
    #: Beyond `PASSKEY_FAILURES_PER_IP` nothing is looked at, nor written here
    PASSKEY_REFUSED = "passkey:login:refused"
    #: a passkey was shown whose counter did not grow: perhaps there is a copy of it; `passkey`, `known`, `told`. The
    #: person got a mail. A synced one signed in; of one that never leaves its device `passkey:login:refused` follows
    PASSKEY_COUNTER_ODD = "passkey:counter:warned"
    #: an SSO session began; `door`
    SESSION_STARTED = "session:start:accepted"
    #: on a shared station, a person said that the session found there is theirs
    SESSION_CONFIRMED = "session:confirm:accepted"
    #: a person said that it is not: it was ended, in the account of its owner
    SESSION_DISOWNED = "session:confirm:refused"
    #: an SSO session ended: the person signed out, here or at Pro Santé Connect, or ended it from another browser, all
    #: others (`others`) or all (`all`); `by` `person`, `psc`, `password_change`, `report`, `closing` (of the account),
    #: `incident` (`incident` names it), `operator` (`idp accounts sign-out`)
    SESSION_ENDED = "session:end:accepted"
    #: `idp accounts activate`: a code was given out; `checked`: what was checked, in the administrator's words
    ACTIVATION_ISSUED = "activation:issue:accepted"
    #: a password was chosen with it
    ACTIVATION_USED = "activation:use:accepted"
    #: a code opened nothing; `reason` `unknown`, `other_person` (another RPPS), `used`, `late`, `void` (of before a new
    #: password or a disabling), `account_disabled`, `identity_old`, `mailbox_shared`. To the account whose code it is
    ACTIVATION_REFUSED = "activation:use:refused"

    # Accounts.
    #: a person enrolled: the account exists
    ENROLMENT_COMPLETED = "enrolment:complete:accepted"
    #: an enrolment ended without an account; `reason`
    ENROLMENT_REFUSED = "enrolment:complete:refused"
    #: a card, or Pro Santé Connect, proved an account for the first time
    PROOF_ADDED = "identity:proof:added"
    #: a fresh proof that « Mon compte » asked for was another person's; `reason`; the account is the one that was
    #: signed in
    PROOF_REFUSED = "identity:proof:refused"
    #: a proof changed the identity; `fields`
    IDENTITY_CHANGED = "identity:update:accepted"
    #: a person added a passkey; `passkey`, `aaguid` (the model, as it says itself), `is_synced`
    PASSKEY_ADDED = "passkey:add:accepted"
    #: a new passkey was refused; `reason` as for a sign-in
    PASSKEY_NOT_ADDED = "passkey:add:refused"
    #: a person renamed one
    PASSKEY_RENAMED = "passkey:rename:accepted"
    #: a person removed one
    PASSKEY_REMOVED = "passkey:remove:accepted"
    #: a person chose a new password; `by` `proof` (a card or Pro Santé Connect), `password` (the one before),
    #: `activation` (an administrator's code) or `renewal` (those of the sign-in that found it in the lists)
    PASSWORD_CHANGED = "password:change:accepted"
    #: a person changed their postal address
    ADDRESS_CHANGED = "address:change:accepted"
    #: the password door of an account was closed; `motive` `email_disowned`: by « ce n'était pas moi », at the former
    #: address of a change; `reported`: by « Ce n'était pas moi » of an entry of the history. A new password opens it
    PASSWORD_CLOSED = "password:close:accepted"
    #: a code proved a new e-mail address, which took the place of the former one
    EMAIL_CHANGED = "email:change:accepted"
    #: `reason` `email_taken`: the address is another account's, whose owner got a mail; or became so meanwhile
    EMAIL_CHANGE_REFUSED = "email:change:refused"
    #: `idp accounts set-email`: an address was noted for the person, who proves it or does not; `checked`: what was
    #: checked, in the administrator's words
    EMAIL_OFFERED = "email:offer:accepted"
    #: somebody who reads the former address pressed « ce n'était pas moi »
    EMAIL_DISOWNED = "email:change:disowned"
    #: a code proved again the address that the account has
    EMAIL_PROVED_AGAIN = "email:prove:accepted"
    #: the address of this account is now that of another one too (`SHARED_MAILBOXES`): written for who came, and for
    #: who had it alone; each got a mail
    EMAIL_SHARED = "email:share:accepted"
    #: at a sign-in by card or Pro Santé Connect, the person put that off
    EMAIL_PUT_OFF = "email:prove:put_off"
    #: a person took a copy of their data, or `by` `operator` (`idp accounts export`)
    DATA_EXPORTED = "data:export:accepted"
    #: a person asked for the end of the account, after a fresh proof: everything that was open is over; or `by`
    #: `operator` (`idp accounts erase`), with the `motive`, `at_once` where no time was left to take it back
    CLOSE_REQUESTED = "account:close:requested"
    #: they took it back, in a sign-in by card or Pro Santé Connect
    CLOSE_CANCELLED = "account:close:cancelled"
    #: it was erased, by the worker or at once by the operator: the id named here is nobody's any more
    ACCOUNT_ERASED = "account:erase:accepted"
    #: the worker warned of an account that was not used for long
    ACCOUNT_UNUSED_TOLD = "account:unused:told"
    #: the operator disabled an account, or the worker one that was not used (`by` `unused`)
    ACCOUNT_DISABLED = "account:disable:accepted"
    #: the operator enabled it again
    ACCOUNT_ENABLED = "account:enable:accepted"
    #: the operator ended the waits of a person after failures (`idp accounts unlock`)
    ACCOUNT_UNLOCKED = "account:unlock:accepted"
    #: the operator looked at an account; `how` `find`, `show`, `sessions` (`idp accounts`). Without one: none was found
    ACCOUNT_LOOKED_UP = "account:look_up:accepted"
    #: the operator looked at which claims a relying party would receive of this person, and what withholds the others
    #: (`idp explain --as`); `door`, `values`: whether their values were shown too
    CLAIMS_EXPLAINED = "claims:explain:accepted"
    #: the help desk looked up why somebody cannot sign in (`idp why`); `by` `rpps`, `reference`, `email`, `card`,
    #: `account`; `asked`: the reference, or a keyed hash of what else led to no RPPS
    HELP_DESK_LOOKED = "help_desk:look:accepted"
    #: « Ce n'était pas moi », of an entry of the history: every session was ended; `reported` is the event, `entry` its
    #: row. `password:close:accepted` and `passkey:remove:accepted` beside it if a password, or that passkey, opened it
    ACCOUNT_REPORTED = "account:report:accepted"
    #: a person chose a professional context for an application
    CONTEXT_CHOSEN = "context:choose:accepted"
    #: a person withdrew that choice
    CONTEXT_FORGOTTEN = "context:forget:accepted"
    #: the operator published a revision; `from`: announced for that instant
    CHARTER_PUBLISHED = "charter:publish:accepted"
    #: the operator withdrew one; `restored`: the name under which the one before came back, if it was in force
    CHARTER_WITHDRAWN = "charter:withdraw:accepted"
    #: a mail reminded the person of a revision that is announced
    CHARTER_REMINDED = "charter:remind:accepted"
    #: a person accepted a revision
    CHARTER_ACCEPTED = "charter:answer:accepted"
    #: a person refused it
    CHARTER_REFUSED = "charter:answer:refused"
    #: a person said « Plus tard » to one that is announced
    CHARTER_PUT_OFF = "charter:answer:put_off"

    # Pro Santé Connect.
    #: an account was linked to a `sub` of Pro Santé Connect
    PSC_LINKED = "psc:link:accepted"
    #: the same RPPS came with another `sub`: accepted, and the person is told
    PSC_SUBJECT_CHANGED = "psc:link:subject_changed"
    #: the same `sub` came with another RPPS: **investigate** ([operate.md](operate.md#identities))
    PSC_SUBJECT_CONFLICT = "psc:link:refused"
    #: a logout token of Pro Santé Connect was refused, came a second time (`replayed`), was one of several in one
    #: request, or waited in vain for its keys; `reason`
    PSC_LOGOUT_REFUSED = "psc:logout:refused"
    #: an outage of Pro Santé Connect began, as one process saw it; the others hear of it, and write nothing
    PSC_OUTAGE_BEGAN = "psc:circuit:opened"
    #: it ended
    PSC_OUTAGE_ENDED = "psc:circuit:closed"

    # Relying parties.
    #: a relying party was given a code
    CODE_ISSUED = "code:issue:accepted"
    #: it redeemed the code
    CODE_REDEEMED = "code:redeem:accepted"
    #: a code came a second time: its grant is revoked
    CODE_REUSED = "code:redeem:reused"
    #: a code or its tokens were refused because the account, the charter or the assurance forbid them now; `reason`
    ISSUE_REFUSED = "token:issue:refused"
    #: a refresh token was used
    TOKEN_REFRESHED = "token:refresh:accepted"
    #: a replaced refresh token came again within seconds (`REFRESH_GRACE`), its successor unused: it got another one
    REFRESH_REPEATED = "token:refresh:repeated"
    #: a replaced refresh token came again: its grant is revoked
    REFRESH_REUSED = "token:refresh:reused"
    #: a relying party revoked its grant
    GRANT_REVOKED = "grant:revoke:accepted"
    #: a relying party was told of the end of a session
    LOGOUT_DELIVERED = "logout:notify:accepted"
    #: it answered that it does not accept the notice; `answer` is what it said, in at most 200 characters and without
    #: what could be a token, an address or a number
    LOGOUT_REFUSED = "logout:notify:refused"
    #: the notice could not be delivered; `answer` as above, if the last call had one
    LOGOUT_ABANDONED = "logout:notify:abandoned"
    #: a client did not prove itself
    CLIENT_REFUSED = "client:authenticate:refused"
    #: credentials of one client were refused unusually often from one network, which is slow for that client from then
    #: on; `refused`
    CLIENT_GUESSED = "client:authenticate:warned"
    #: a client certificate came from another peer than the proxy, or cannot be read
    CERTIFICATE_REFUSED = "client:certificate:refused"

    # Operator.
    #: `idp incident end` ended sessions; `incident` (its name), what they met (`door`, `network`, `since`, the client),
    #: how many `sessions` of how many `people`; each person has a `session:end:accepted`
    INCIDENT_ENDED = "incident:end:accepted"
    #: `idp notice set` put a notice on every page; `text`, `level`, `since` if it begins later, `until`
    NOTICE_SET = "notice:set:accepted"
    #: `idp notice clear` took it away
    NOTICE_CLEARED = "notice:clear:accepted"
    #: authorities of cards were installed
    TRUST_ADDED = "trust:add:accepted"
    #: `idp keys generate` made a signing key, or took one in the HSM
    KEY_GENERATED = "key:generate:accepted"
    #: `idp db backup` copied the database; `sha256` is that of the file, `keys` tells whether private keys are in it
    BACKUP_TAKEN = "backup:take:accepted"
    #: `idp epoch new`, or a restored database, voided everything begun before, of everybody ([backup.md](backup.md));
    #: `reason` is `operator` or `restore`, with the `sessions` and `grants` that ended
    EPOCH_BEGUN = "epoch:begin:accepted"
    #: `idp keys rotate` made the next signing key, or let it sign at once
    KEY_ROTATED = "key:rotate:accepted"
    #: a key was retired
    KEY_RETIRED = "key:retire:accepted"
    #: a compromised key was revoked
    KEY_REVOKED = "key:revoke:accepted"


class Audit(Protocol):
    def record(
        self,
        event: AuditEvent,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        interaction_id: str | None = None,
        rpps: str | None = None,
        **facts: Fact,
    ) -> None:
        """Write one event, with the present unit of work; without one, committed before this returns.

        `rpps`: of the person that it is about, who may have no account. What is written is a keyed hash of it, and none
        where the account is named. Network, browser and operator are those of `origin`.
        """
