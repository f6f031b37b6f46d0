"""What took long: the ten slowest files of a run, over all its workers.

Contains a report of pytest. Not here: an order of the tests (`order`, which is written from this report).
"""

from collections import Counter

import pytest

_SHOWN = 10


class SlowestFiles:
    """In the process that every test is reported to: with workers, the one that started them."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{_SHOWN} slowest files")
        for file, seconds in self.seconds.most_common(_SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")
