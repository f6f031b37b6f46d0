"""What the demo prints once it is ready: words only."""

import shlex
from collections.abc import Mapping
from typing import Any

from sandbox.demo.places import Places
from sandbox.demo.ports import Ports


def banner(
    ports: Ports, places: Places, cards: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]
) -> str:
    """Returns the text. `content`: that of the ready file."""
    return "\n".join(
        (
            _open_this(ports, content),
            _cards(cards, content),
            _accounts(ports, cards, content),
            _load_a_card(places, cards["lefebvre"]),
            for_a_suite(content),
            how_to_trust(ports, places),
            _go_further(ports, places),
        )
    )


def _open_this(ports: Ports, content: Mapping[str, Any]) -> str:
    via, sibling = (client["home"] for client in content["clients"])
    return f"""
Caducée is ready. Start at a relying party:

  {via:<40} ViaTrajectoire (RS256)
  {sibling:<40} Trajectoire Grand Âge (ES256): gets in by SSO
  {ports.mail_pages:<40} every mail sent, with its code
  {f"http://localhost:{ports.psc_auth}/simulateur":<40} Pro Santé Connect: its persons, its faults
  {ports.issuer:<40} the provider itself
  {f"{ports.operations_url}/":<40} how it does, for its administrators
  {ports.style_guide_pages:<40} every page and mail, in every state
"""


def _cards(cards: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]) -> str:
    accounts = {account["rpps"]: account for account in content["accounts"]}
    lines = [_card_line(cards[name], accounts) for name in ("lefebvre", "girard", "martin", "benali")]
    refused = [card["name"] for card in content["cards"] if card["expect"] != "accepted"]
    return "\n".join(
        (
            "Cards (code porteur 1234; the same persons exist at Pro Santé Connect, card and e-CPS):",
            "",
            *lines,
            f"  and {len(refused)} cards that are refused, each for its reason: {', '.join(refused[:4])}…",
            "",
        )
    )


def _card_line(card: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]) -> str:
    notes = {
        None: "no account: a first connection by card",
        "accepted": "enrolled, charter accepted",
        "due": "enrolled, the charter still to accept",
        "disabled": "enrolled, disabled since",
    }
    account = accounts.get(card["rpps"])
    note = notes[account["charter"] if account else None]
    return f"  {card['name']:<10} {card['holder'].title():<16} RPPS {card['rpps']}   {note}"


def _accounts(ports: Ports, cards: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]) -> str:
    lines = (
        f"  {account['rpps']}   {account['password']:<32} code sent to {account['email']}"
        for account in content["accounts"]
    )
    return "\n".join(
        ("Accounts (login, password), no card needed; codes arrive at " + ports.mail_pages, "", *lines, "")
    )


def _load_a_card(places: Places, card: Mapping[str, Any]) -> str:
    return f"""\
A card in your browser, as a file (PKCS#12; its password is the code porteur, {card["pin"]}):

  {card["pkcs12"]}
  Firefox   Settings > Privacy & Security > Certificates > View Certificates > Your Certificates > Import
  Chromium  Settings > Privacy and security > Security > Manage certificates > Your certificates > Import
  The card host has a test certificate: trust {places.ca_bundle}
  (same windows, Authorities), or pass the warning once.

A card as a real PKCS#11 token, asking for its code porteur (needs SoftHSM2):

  {{python}} -m sandbox.igc.softhsm {places.igc} --card lefebvre
"""


def for_a_suite(content: Mapping[str, Any]) -> str:
    """Returns the lines that the certification profile adds."""
    if "conformance" not in content:
        return ""
    told = content["conformance"]
    plans = {
        needs_nginx: "\n".join(
            f"  {plan['command']}" for plan in told["plans"] if plan["needs_nginx"] is needs_nginx
        )
        for needs_nginx in (False, True)
    }
    return f"""\
A certification suite (docs/conformance.md) waits for answers at {told["suite"]}. One command per plan, from its folder:

{plans[False]}

These after nginx, which asks for the clients' TLS certificates at {told["nginx"]["origin"]}:

  {told["nginx"]["command"]}

{plans[True]}
"""


def how_to_trust(ports: Ports, places: Places) -> str:
    """Returns how a library comes to trust a provider on https; nothing of one on http."""
    if ports.scheme != "https":
        return ""
    authority = shlex.quote(str(places.ca_bundle))
    return f"""\
The authority of {ports.issuer}, for the library of an application (and for your browser, as above):

  Python    export REQUESTS_CA_BUNDLE={authority} SSL_CERT_FILE={authority}
  Node      export NODE_EXTRA_CA_CERTS={authority}
  curl      curl --cacert {authority} {ports.issuer}/.well-known/openid-configuration
"""


def _go_further(ports: Ports, places: Places) -> str:
    command = shlex.quote(str(places.command))
    return f"""\
An application of your own (docs/relying-parties/ten-minutes.md): its entry in a file here is taken at once, and stays

  {places.more_clients}/my-application.yaml
  {command} clients check        says what is wrong with it
  {command} clients secret       makes a secret and its line

Publish a new charter, due for everybody at their next connection; with --from DATE announced for that day:

  {command} charter publish --revision 2026-2 --fr charters/2026-2.fr.md --en charters/2026-2.en.md

Logs: {places.log("*")}     Start afresh: stop, then remove {places.state}
Ctrl-C stops everything.
"""
