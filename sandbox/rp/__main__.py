"""`python -m sandbox.rp --config FILE.json`: every party on its port, until SIGTERM.

Contains options and ports. Not here: logic.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sandbox.rp.openid import RelyingParty
from sandbox.rp.pages import build_app
from sandbox.rp.parties import InvalidConfiguration, load
from sandbox.rp.provider import Provider
from sandbox.serving import serve


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.rp", description="Relying parties for a demonstration."
    )
    parser.add_argument(
        "--config", type=Path, required=True, help="JSON file naming the issuer and the parties"
    )
    options = parser.parse_args()
    try:
        configuration = load(options.config.read_text(encoding="utf-8"))
    except (OSError, InvalidConfiguration) as refused:
        parser.error(f"{options.config}: {refused}")
    provider = Provider(configuration.issuer, configuration.ca_bundle)
    serve(
        {
            party.port: build_app(RelyingParty(party, provider, lambda: datetime.now(UTC)), theme)
            for theme, party in enumerate(configuration.parties)
        }
    )


if __name__ == "__main__":
    main()
