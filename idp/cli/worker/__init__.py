"""`idp worker`, `card-host`, `mail …`, `mails …` and `logouts …`: what runs beside the web processes, and what
it sends.

Not here: the web processes (`cli/serve`), the work itself (`wiring/worker`).
"""
