"""Which lines and branches of the measured rooms the tests reach, at almost no cost: `.ci/coverage`.

A tracer is called at each line of the whole process, and took half of the CPU time of these tests. Here the measured
modules note by themselves what is reached: a mark stands before each statement, and at both ends of each branch
(`marks`). What could be reached, and the report, stay with coverage.py (`__main__`).
Contains the switch: what is imported after it is measured, if the environment asks for it. Not here: what is demanded.
"""

from tests.reached import marks

marks.watch_if_asked()
