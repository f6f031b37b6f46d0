"""Many sign-ins through the simulator: none fails, and the provider does not grow. The long run is bench/psc_logins."""

import requests

from bench.psc_logins import memory_kib, sign_in
from tests.demonstration import Demonstration

_WARM, _MORE = 20, 60
#: What an allocator may keep; a leak of one page and its tokens per sign-in would be far beyond.
_SLACK_KIB = 6 * 1024


def test_many_sign_ins_have_no_error_and_leave_no_memory_behind(demo: Demonstration) -> None:
    account = next(one for one in demo.ready["accounts"] if one["charter"] == "accepted")
    with requests.Session() as machine:
        for _ in range(_WARM):
            sign_in(demo.ready, account["rpps"], machine)
        before = memory_kib(demo.ready)
        for _ in range(_MORE):
            told = sign_in(demo.ready, account["rpps"], machine)
    assert before > 0
    assert memory_kib(demo.ready) - before < _SLACK_KIB
    assert told["SubjectRefPro"]["exercices"]
