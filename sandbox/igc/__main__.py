"""`python -m sandbox.igc DIR`: make the test IGC, or keep the one that is there."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from sandbox.igc.directory import PIN, ensure_igc

# Where `sandbox.igc.responder` listens in a demo on its usual ports.
DEFAULT_BASE_URL = "http://localhost:8408/igc"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.igc", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--base-url", default=DEFAULT_BASE_URL, help="where cards say CRL and OCSP are")
    chosen = parser.parse_args(arguments)
    cards = ensure_igc(chosen.directory, datetime.now(UTC), chosen.base_url)
    for card in cards:
        print(f"{card['name']:<24} {card['expect']:<20} {card['holder']} ({card['about']})")
    print(f"{len(cards)} cards, PIN {PIN}: {chosen.directory / 'cards.json'}")


if __name__ == "__main__":
    main(sys.argv[1:])
