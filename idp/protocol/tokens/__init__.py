"""Contains /token, /userinfo, /revoke and /introspect. Not here: how a code is redeemed (`engine`)."""
