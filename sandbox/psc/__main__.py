"""`python -m sandbox.psc`: both origins until SIGTERM. No protocol here."""

import argparse
from pathlib import Path

from sandbox.psc.clients import load_clients
from sandbox.psc.keys import KeyRing
from sandbox.psc.realm import build_realm
from sandbox.psc.simulator import Simulator
from sandbox.psc.wallet import build_wallet
from sandbox.serving import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.psc", description="Simulate Pro Santé Connect.")
    parser.add_argument("--auth-port", type=int, required=True, help="issuer, tokens, control page")
    parser.add_argument(
        "--wallet-port", type=int, required=True, help="authorization endpoint and sign-in pages"
    )
    parser.add_argument("--clients", type=Path, required=True, help="JSON list of relying parties")
    parser.add_argument("--state-dir", type=Path, help="keeps the signing keys between two runs")
    parser.add_argument(
        "--validation", action="store_true", help="asks for the line `ready`, which is printed in any case"
    )
    options = parser.parse_args()
    try:
        clients = load_clients(options.clients)
    except (OSError, ValueError) as refusal:
        parser.error(f"{options.clients}: {refusal}")
    simulator = Simulator(
        auth_origin=f"http://localhost:{options.auth_port}",
        wallet_origin=f"http://localhost:{options.wallet_port}",
        clients=clients,
        keys=KeyRing(options.state_dir),
    )
    simulator.signing_key()  # now, so that `ready` means ready
    serve({options.auth_port: build_realm(simulator), options.wallet_port: build_wallet(simulator)})


if __name__ == "__main__":
    main()
