"""`python -m sandbox.style_guide --port P`: the style guide on http://localhost:P until SIGTERM."""

import argparse

from sandbox.serving import serve
from sandbox.style_guide.site import build_app


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.style_guide",
        description="Every page and mail of the provider, in every state.",
    )
    parser.add_argument("--port", type=int, required=True, help="pages on http://localhost")
    serve({parser.parse_args().port: build_app()})


if __name__ == "__main__":
    main()
