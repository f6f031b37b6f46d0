"""The OpenID Connect certification cases, one test per module and named after it: docs/conformance.md.

Lives here: an independent relying party (`relying_party`), what it checks of tokens (`tokens`), one file per plan.
Never here: an import of `idp`, a fake, a skip. A module that does not apply asserts the condition that says so.
"""
