"""Deleting what is over, however much it is: in turns, so that a table with millions keeps no other waiting.

Not here: what is deleted (`wiring/purges`), one batch (`adapters/sql/batches`).
"""

import time
from collections.abc import Callable, Mapping

import structlog

from idp.adapters.sql.batches import rest_of
from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger(__name__)


def purge(
    purges: Mapping[str, Callable[[], int]],
    is_over: Callable[[], bool],
    rest: Callable[[float], object] = time.sleep,
) -> None:
    """Delete batch by batch until nothing is left, or `is_over`.

    A table whose batch fails waits for the next turn, and the others go on. Raises StoreUnavailable at the end then.
    """
    left, gone = dict(purges), dict.fromkeys(purges, 0)
    fault: StoreUnavailable | None = None
    while left and not is_over():
        for name, delete_some in list(left.items()):
            began = time.monotonic()
            try:
                rows = delete_some()
            except StoreUnavailable as failed:
                log.error("purge_failed", of=name, fault=str(failed))
                fault, rows = failed, 0
            gone[name] += rows
            if not rows:
                del left[name]
            elif is_over():
                break
            else:
                rest(rest_of(began))
    if any(gone.values()):
        log.info(
            "purged",
            complete=not left,
            **{name.replace(" ", "_"): rows for name, rows in gone.items() if rows},
        )
    if fault is not None:
        raise fault
