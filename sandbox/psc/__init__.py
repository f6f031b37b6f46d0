"""A Pro Santé Connect simulator: a separate OpenID Provider on two origins, offline.

    python -m sandbox.psc --auth-port A --wallet-port W --clients clients.json [--state-dir DIR]
        [--tls-certificate PEM --tls-key PEM [--client-authority PEM]]

`clients.json` is a list of the relying parties, as `clients.py` reads them.

* `http://localhost:A/auth/realms/esante-wallet` is the issuer; discovery is only at
  `/.well-known/wallet-openid-configuration`;
* `http://localhost:W/auth` is the authorization endpoint: test cards (code porteur 1234) and
  a simulated e-CPS phone;
* `http://localhost:A/simulateur` turns the switches (faults, outages, claim formats);
  the same in JSON under `/simulateur/api/`.

It reproduces what is publicly known of the real service; it proves nothing about a person and must never be
reachable from outside the machine.

Rooms: who (identities, identity, samples, exercices), what is said of them (claims, tokens, keys), what is
remembered (state, sessions), how it may misbehave (switches), and what each origin answers (wallet; realm,
discovery, token_endpoint, logout, control).
"""
