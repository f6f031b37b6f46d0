"""`make relying-parties`: every page of docs/relying-parties tried as written; `--write` writes their table.

Contains options. Not here: the attempts (`run`).
"""

import argparse
import os
import sys
import tempfile

from tests.relying_parties.page import read_page
from tests.relying_parties.run import attempts, demo
from tests.relying_parties.table import PAGES, table, write
from tests.scratch import SHARED


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.relying_parties", description="The pages, tried.")
    parser.add_argument("names", nargs="*", metavar="PAGE", help="these pages only, without .md")
    parser.add_argument(
        "--write", action="store_true", help="write the table of docs/relying-parties/README.md"
    )
    options = parser.parse_args()
    files = sorted(file for file in PAGES.glob("*.md") if "```sh run" in file.read_text("utf-8"))
    pages = [read_page(file) for file in files if not options.names or file.stem in options.names]
    done = []
    with tempfile.TemporaryDirectory() as shared:
        os.environ.setdefault(SHARED, shared)
        with demo() as provider:
            for attempt in attempts(provider, pages):
                print(f"{attempt.page.name}: {attempt.fault or 'signed in'}", flush=True)
                done.append(attempt)
    if options.write:
        write(done)
    print(table(done))
    return 1 if any(attempt.fault for attempt in done) else 0


if __name__ == "__main__":
    sys.exit(main())
