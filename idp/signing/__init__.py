"""SIGNING: the Signer port, the key ring, compact JWS. Knows no protocol and no person."""
