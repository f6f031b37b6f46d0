"""The whole demonstration on loopback: `python -m sandbox.demo`, which `make demo` runs.

Contains ports, files, processes, the first accounts, the ready file, the words on the screen, and the small browser
(`forms`, `driver`, `mailbox`) that knows only OpenID Connect and HTML forms. Not here: anything from `idp`, except its
command line and the names of its settings.
"""
