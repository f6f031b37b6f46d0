"""Contains asking an operator back before what cannot be taken back. Not here: what a command asks."""


def is_wanted(question: str) -> bool:
    """Returns whether the answer was yes; without a terminal it is no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
