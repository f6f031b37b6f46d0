"""A mail catcher: real SMTP in, a web page and a JSON list out, nothing ever sent on.

`catcher` receives and keeps; `pages` shows. Run it with `python -m sandbox.mail --smtp-port S --web-port P`.
"""
