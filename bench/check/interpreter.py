"""What the interpreter executes: instructions of Python, and calls of the dear functions of cryptography and argon2.

Contains counting them in this thread, exact whatever else the machine does. Not here: time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Functions in C or Rust of which one call costs as much as thousands of instructions, by name.
DEAR = {
    "sign": "signatures",
    "verify": "verifications",
    "hash_secret_raw": "hashes",
    "derive": "derivations",
    "pbkdf2_hmac": "derivations",
    "scrypt": "derivations",
    "load_pem_private_key": "keys read",
    "load_der_private_key": "keys read",
}
#: Functions of ours around a library that is called without the interpreter's knowledge (ctypes).
DEAR_OF_OURS = {"Argon2Library.digest": "hashes"}


@contextmanager
def counting_instructions() -> Iterator[list[int]]:
    """Gives a list with one number: of the instructions executed until it is left."""
    counted = [0]

    def within(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            counted[0] += 1
        return within

    def entered(frame: FrameType, event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return within

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield counted
    finally:
        sys.settrace(before)


@contextmanager
def counting_dear_calls() -> Iterator[dict[str, int]]:
    """Gives how often each kind of `DEAR` was called until it is left."""
    counted: dict[str, int] = {}

    def called(frame: FrameType, event: str, function: Any) -> None:
        kind = None
        if event == "c_call":
            kind = DEAR.get(function.__name__)
        elif event == "call":
            kind = DEAR_OF_OURS.get(frame.f_code.co_qualname)
        if kind is not None:
            counted[kind] = counted.get(kind, 0) + 1

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield counted
    finally:
        sys.setprofile(before)
