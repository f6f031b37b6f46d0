"""A mail catcher: SMTP in, a web page and a JSON list out. No mail is ever sent on.

Contains receiving and keeping (`catcher`) and showing (`pages`); `python -m sandbox.mail --smtp-port S --web-port P`
runs it. Not here: anything of the provider.
"""
