"""The groups of `tests/order.py` are kept: what a group starts is started once in a run."""

import pytest


def test_a_test_runs_in_the_group_it_was_given(request: pytest.FixtureRequest) -> None:
    """pytest-xdist writes the group into the name of the test; a test without it may run in any worker."""
    group = f"@{request.node.get_closest_marker('xdist_group').args[0]}"
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith(group)
    else:
        assert not request.node.nodeid.endswith(group)
