"""`python -m tests.afresh …`, forked: `idp …` as from a Python that has loaded nothing of ours.

What others installed is loaded already, and that a module of ours names it without importing it is a rule of the source
(tests/house/test_imports.py). Contains no command.
"""

import runpy
import sys

if __name__ == "__main__":
    for name in [name for name in sys.modules if name.partition(".")[0] == "idp"]:
        del sys.modules[name]
    runpy.run_module("idp.cli", run_name="__main__", alter_sys=True)
