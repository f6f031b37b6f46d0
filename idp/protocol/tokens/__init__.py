"""Contains /token, /userinfo, /revoke and /introspect. Not here: pyop (`engine`)."""
