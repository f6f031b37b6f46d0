"""Relying parties of the demonstration: real clients built on Authlib, one origin each, one process.

`parties` reads the configuration, `provider` discovers the issuer, `openid` and `id_token` ask and check the
answers, `logout_token` checks a notice that a session ended, `sessions` remembers browsers, `pages` shows.
Run it with `python -m sandbox.rp --config FILE.json`.
"""
