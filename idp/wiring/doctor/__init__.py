"""What `idp doctor` asks of an installation: a module for each part of it.

Not here: how a node judges itself (`wiring/readiness`), how findings are printed (`cli/doctor`).
"""
