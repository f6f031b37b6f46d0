"""Contains the examples that each `--help` ends with, by command. Not here: an option (`options` of its room).

A command that is added has its example here; a test parses each of them.
"""

import argparse
from collections.abc import Mapping

from idp.cli.shape import CommandParser

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "init": (
        "idp init /etc/caducee --state /var/lib/caducee --issuer https://id.example --card-host https://carte.example",
        "idp init . --issuer https://id.example --card-host https://carte.example --database postgresql://db/caducee",
    ),
    "settings show": (
        "idp settings show --changed",
        "idp --settings /etc/caducee/caducee.conf settings show --json",
    ),
    "conformity": ("idp conformity > conformity.md", "idp conformity --lang fr --json"),
    "doctor": ("idp doctor", "idp doctor --json"),
    "db init": ("idp db init",),
    "db upgrade": ("idp db backup before.backup && idp db upgrade",),
    "migrate": ("idp migrate",),
    "db check": ("idp db check", "idp db check --json"),
    "db backup": ("idp db backup /var/backups/caducee/today.backup --with-keys",),
    "db restore": ("idp db restore /var/backups/caducee/today.backup --new-epoch",),
    "db partition": ("idp db partition",),
    "db roles": ("idp db roles --provider caducee --worker caducee_worker | psql caducee",),
    "epoch new": ("idp --operator a.martin epoch new",),
    "keys list": ("idp keys list", "idp keys list --json"),
    "keys generate": ("idp keys generate", "idp keys generate --pkcs11 'pkcs11:token=caducee'"),
    "keys rotate": ("idp keys rotate", "idp keys rotate --alg ES256 --now"),
    "keys retire": ("idp keys retire --compromised n1GynZ1Ew-jZrWmopqBPdQofiWWMLavaVDjBm60ejMo",),
    "trust add": ("idp trust add Chaine_de_certification-IGC-Sante.p7b",),
    "trust list": ("idp trust list", "idp trust list --json"),
    "trust check": ("idp trust check",),
    "trust refresh": ("idp trust refresh",),
    "charter publish": ("idp charter publish --revision 2026-1 --fr charte.fr.md --en charter.en.md",),
    "charter list": ("idp charter list", "idp charter list --json"),
    "charter show": ("idp charter show 2026-1 --lang fr",),
    "charter status": ("idp charter status", "idp charter status --charter viatrajectoire --json"),
    "charter preview": ("idp charter preview --revision 2027-1 --fr charte.fr.md --out preview.html",),
    "charter withdraw": ("idp charter withdraw 2027-1",),
    "notice set": (
        "idp notice set --fr 'Maintenance dimanche à 20 h.' --en 'Maintenance on Sunday, 8 pm.' --until 2d",
        "idp notice set --level warning --fr 'Pro Santé Connect est en panne : entrez par mot de passe.'",
    ),
    "notice show": ("idp notice show --json",),
    "notice clear": ("idp notice clear",),
    "clients list": ("idp clients list", "idp clients list --json"),
    "clients show": ("idp clients show viatrajectoire",),
    "clients check": ("idp clients check", "idp clients check clients.yaml --no-secrets"),
    "clients schema": ("idp clients schema > clients.schema.json",),
    "clients plan": ("idp clients plan clients.yaml --against clients.before.yaml --refuse-loosening",),
    "clients secret": ("idp clients secret", "idp clients secret --file secrets/viatrajectoire"),
    "psc check": ("idp psc check",),
    "accounts show": ("idp accounts show 10000000025",),
    "accounts disable": ("idp --operator a.martin accounts disable 10000000025 --motive 'Départ'",),
    "accounts enable": ("idp accounts enable 10000000025",),
    "accounts unlock": ("idp accounts unlock 10000000025",),
    "accounts activate": ("idp accounts activate 10000000025 --checked 'identity card, seen'",),
    "accounts find": (
        "idp accounts find 'DUPONT Anne'",
        "idp accounts find anne.dupont@hopital.example --json",
    ),
    "accounts sessions": ("idp accounts sessions 10000000025",),
    "accounts sign-out": ("idp accounts sign-out 10000000025",),
    "accounts export": ("idp accounts export 10000000025 --out dossier.json",),
    "accounts erase": ("idp accounts erase 10000000025 --motive 'asked for by letter'",),
    "accounts set-email": (
        "idp accounts set-email 10000000025 anne.dupont@hopital.example --checked 'identity card, seen'",
    ),
    "why": ("idp why 10000000025", "idp why 0a1b2c3d --lang en"),
    "card list": ("idp card list",),
    "card show": ("idp card show --lang en", "idp card show --trust root.pem --trust issuing.pem"),
    "card test": ("idp card test",),
    "audit tail": ("idp audit tail --follow",),
    "audit search": ("idp audit search --event 'card:login:*' --since 2d --json",),
    "audit export": (
        "idp audit export --since 2026-11-01 --until 2026-12-01 --format csv --out november.csv",
    ),
    "audit verify": ("idp audit verify", "idp audit verify --since 2026-11-01 --seals seals.jsonl"),
    "audit seals": ("idp audit seals --since 2026-11-01 > seals.jsonl",),
    "incident end": ("idp incident end --client viatrajectoire --since 6h --dry-run",),
    "error": ("idp error 0a1b2c3d",),
    "explain": (
        "idp explain 'https://id.example/authorize?client_id=viatrajectoire&response_type=code'",
        "idp explain --as 10000000025 --client viatrajectoire",
    ),
    "serve": ("idp serve", "idp serve --port 8401 --workers 1"),
    "card-host": ("idp card-host",),
    "worker": ("idp worker",),
    "mail test": ("idp mail test someone@hopital.example",),
    "mail check": ("idp mail check",),
    "mails list": ("idp mails list --last 10", "idp mails list --json"),
    "mails retry": ("idp mails retry 12", "idp mails retry --all"),
    "mails drop": ("idp mails drop 12",),
    "logouts list": ("idp logouts list --client viatrajectoire --state abandoned",),
    "man": ("idp man > /usr/local/share/man/man1/idp.1",),
    "completion": (
        "idp completion bash > /etc/bash_completion.d/idp",
        "idp completion zsh > /usr/local/share/zsh/site-functions/_idp",
        "idp completion fish > /etc/fish/completions/idp.fish",
    ),
}


def show_examples(parser: CommandParser) -> None:
    """Let each command's help end with its examples, line by line."""
    for path, command in parser.commands.items():
        lines = "\n".join(f"  {line}" for line in EXAMPLES.get(path, ()))
        command.epilog = f"examples:\n{lines}" if lines else None
        command.formatter_class = argparse.RawDescriptionHelpFormatter
