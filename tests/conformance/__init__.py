"""The OpenID Connect certification cases, one test per module and named after it: docs/conformance.md.

Contains an independent relying party (`relying_party`), what it checks of tokens (`tokens`), one file per plan.
Not here: an import of `idp`, a fake, a skip. A module that does not apply asserts the condition that says so.
"""

import pytest

# Modules of a plan stand beside their plans; their assertions explain themselves as those of any test.
pytest.register_assert_rewrite(
    *(f"tests.conformance.{name}" for name in ("basic_modules", "relying_party", "tokens", "receiver"))
)
