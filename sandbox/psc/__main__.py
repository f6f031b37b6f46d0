"""`python -m sandbox.psc`: both origins until SIGTERM.

Contains options and ports. Not here: protocol.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from sandbox.psc.clients import load_clients
from sandbox.psc.keys import KeyRing
from sandbox.psc.realm import build_realm
from sandbox.psc.simulator import Simulator
from sandbox.psc.wallet import build_wallet
from sandbox.serving import Tls, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.psc", description="Simulate Pro Santé Connect.")
    parser.add_argument("--auth-port", type=int, required=True, help="issuer, tokens, control page")
    parser.add_argument(
        "--wallet-port", type=int, required=True, help="authorization endpoint and sign-in pages"
    )
    parser.add_argument("--clients", type=Path, required=True, help="JSON list of relying parties")
    parser.add_argument("--state-dir", type=Path, help="keeps the signing keys between two runs")
    parser.add_argument(
        "--tls-certificate", type=Path, help="PEM for localhost: both origins speak https then"
    )
    parser.add_argument("--tls-key", type=Path, help="its key, PEM")
    parser.add_argument(
        "--client-authority",
        type=Path,
        help="PEM: whose client certificates the issuer's origin takes (mutual TLS)",
    )
    parser.add_argument(
        "--validation", action="store_true", help="asks for the line `ready`, which is printed in any case"
    )
    options = parser.parse_args()
    try:
        clients = load_clients(options.clients)
    except (OSError, ValueError) as refusal:
        parser.error(f"{options.clients}: {refusal}")
    if (options.tls_certificate is None) != (options.tls_key is None):
        parser.error("--tls-certificate and --tls-key go together")
    if options.client_authority and not options.tls_key:
        parser.error("--client-authority needs --tls-certificate and --tls-key")
    scheme = "https" if options.tls_key else "http"
    simulator = Simulator(
        auth_origin=f"{scheme}://localhost:{options.auth_port}",
        wallet_origin=f"{scheme}://localhost:{options.wallet_port}",
        clients=clients,
        keys=KeyRing(options.state_dir),
    )
    simulator.signing_key()  # now, so that `ready` means ready
    serve(
        {options.auth_port: build_realm(simulator), options.wallet_port: build_wallet(simulator)},
        _tls(options),
    )


def _tls(options: argparse.Namespace) -> Mapping[int, Tls]:
    if options.tls_key is None:
        return {}
    return {
        # Only on the auth origin: a browser at the wallet's pages must not be asked for a certificate.
        options.auth_port: Tls(options.tls_certificate, options.tls_key, options.client_authority),
        options.wallet_port: Tls(options.tls_certificate, options.tls_key),
    }


if __name__ == "__main__":
    main()
