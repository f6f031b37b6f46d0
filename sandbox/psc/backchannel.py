"""Logout tokens, posted in the background to every client that gave an address (Back-Channel Logout 1.0 §2.5)."""

import threading

import requests

from sandbox.psc.sessions import Session
from sandbox.psc.simulator import Simulator
from sandbox.psc.tokens import logout_token

_TIMEOUT_SECONDS = 5


def announce_end(simulator: Simulator, session: Session) -> None:
    """Tell each client that the session is over, in a thread of its own."""
    for client in simulator.clients.values():
        if client.backchannel_logout_uri:
            token = logout_token(simulator, client.client_id, session)
            times = 2 if simulator.switches.logout_token == "twice" else 1
            arguments = (client.backchannel_logout_uri, token, times)
            threading.Thread(target=_send, args=arguments, daemon=True).start()


def _send(address: str, token: str, times: int) -> None:
    for _ in range(times):
        _send_once(address, token)


def _send_once(address: str, token: str) -> None:
    try:
        requests.post(address, data={"logout_token": token}, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return  # A client that does not answer is not told again.
