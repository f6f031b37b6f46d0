"""What a homologation asks for: each rule that concerns a means of identification, and whether it is kept here.

Contains the rules as a file (`rules.yaml`), what can decide one, the report, and how it is written. Not here: the
settings, the command, which authorities the card has (`wiring/conformity`).
"""
