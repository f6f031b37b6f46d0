"""`idp …`: what an operator does.

Contains one module per group of commands. Not here: rules, which are in the rooms; settings other than the environment.
"""
