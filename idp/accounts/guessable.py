"""What of a password its guesser has already: known words, rows of keys, dates, repetitions.

Contains `own_length`, how much is left without them. The parts that are known may overlap: each marks its places, so
what is left never grows with what is known. Not here: which words are known of a person, and how much must be left
(`accounts/password_rules`).
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import compress, groupby

#: The letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
#: Figures and signs that stand for a letter: « m3d3c1n », « P@$$w0rd ». A 1 is an i or an l.
_SPELLINGS = ({}, *(str.maketrans("0345789@$€!|+1", "oeastbgaseilt" + one) for one in "il"))
#: A shorter one may be chance inside other words: « rue », « Roy » and « chu » count where they stand alone, « de »
#: never.
_WORD, _ALONE = 4, 3
_RUN = 4

#: Rows and columns of AZERTY, QWERTY, QWERTZ and BÉPO, shifted and not, the number pad, and the alphabet.
_ROWS = """
&é"'(-è_çà)= 1234567890°+ azertyuiop^$ qsdfghjklmù* <wxcvbn,;:! >wxcvbn?./§
`1234567890-= !@#$%^&*()_+ qwertyuiop[] asdfghjkl;' zxcvbnm,./
+"*ç%&/()= qwertzuiopü asdfghjklöä yxcvbnm,.-
"«»()@+-/*=% bépoè^vdljzw auie,ctsrnmç êàyx.k'qghf
1aqw2zsx3edc4rfv5tgb6yhn7ujm8ik9ol0pm aqwzsxedcrfvtgbyhnujik 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p
qazwsxedcrfvtgbyhnujmikolp 789456123 147258369 12345678901234567890 02468 13579
abcdefghijklmnopqrstuvwxyz aeiouy
"""
_DATES = re.compile(
    r"(?<!\d)(?:\d{1,2}[ ./-]?[01]?\d[ ./-]?)?(?:19|20)\d\d(?!\d)"  # 1987, 14/02/1987, 14021987
    r"|(?<!\d)(?:19|20)\d\d[ ./-]?[01]\d[ ./-]?[0-3]\d(?!\d)"  # 1987-02-14
    r"|(?<!\d)[0-3]?\d[./-][01]?\d[./-]\d\d(?!\d)"  # 14/2/87
)


def folded(text: str) -> str:
    """Returns the text as a guesser tries it: without accents, capitals, ligatures, fonts."""
    if text.isascii():
        return text.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare).casefold().translate(_LETTERS)


def words_in(text: str) -> set[str]:
    """Returns the words and the numbers of a text, folded, and each group of them written in one."""
    groups = folded(text).split()
    parts = {part for group in groups for part in re.findall(r"[^\W\d_]+|\d+", group)}
    joined = {re.sub(r"[\W_]", "", group) for group in groups}
    return {word for word in parts | joined if len(word) >= _ALONE}


def own_length(text: str, known: Collection[str]) -> int:
    """Returns how many characters of `text` are its own, without these words (of `words_in`) and what anybody guesses.

    Figures and signs that touch a known part do not count: « dupont48151623 » has nothing of its own.
    """
    read = folded(text)
    places = {*_words(read, known), *_in_windows(read)}
    places.update(place for date in _DATES.finditer(read) for place in range(*date.span()))
    kinds = [*map(_kind, read)]
    for at in places:
        kinds[at] = "known"
    parts = [(kind, len([*group])) for kind, group in groupby(kinds)]
    around = [("letter", 0), *parts, ("letter", 0)]
    return sum(
        size
        for (before, _), (kind, size), (after, _) in zip(around, parts, around[2:], strict=False)
        if kind == "letter" or (kind == "sign" and "known" not in (before, after))
    )


# What follows is asked at each sign-in by password. A loop of C (`map`, `filter`, `compress`) looks at every character
# and every word, one of Python at those that are found only.


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Returns « letter » for one of any script, or a picture (emoji)."""
    is_letter = character.isalpha() or unicodedata.category(character) == "So"
    return "letter" if is_letter else "sign"


@lru_cache(maxsize=4096)
def _stands_for_itself(character: str) -> bool:
    """Whether it is a letter or a figure, not what stands between them."""
    return character.isdigit() or _kind(character) == "letter"


def _squeezed(text: str) -> tuple[str, Sequence[int]]:
    """Returns the letters and figures without what stands between them, and the place of each."""
    kept = [*map(_stands_for_itself, text)]
    return "".join(compress(text, kept)), [*compress(range(len(text)), kept)]


def _words(read: str, known: Collection[str]) -> Iterator[int]:
    for spelt in {read.translate(spelling) for spelling in _SPELLINGS}:
        squeezed, places = _squeezed(spelt)
        for word in filter(squeezed.__contains__, known):
            at = squeezed.find(word) if len(word) >= _WORD else -1
            while at >= 0:
                yield from range(places[at], places[at + len(word) - 1] + 1)
                at = squeezed.find(word, at + 1)
    for alone in re.finditer(r"[^\W\d_]+|\d+", read):
        if alone.group() in known:
            yield from range(*alone.span())


def _windows(text: str) -> Sequence[str]:
    starts = range(len(text) - _RUN + 1)
    return [*map(text.__getitem__, map(slice, starts, range(_RUN, len(text) + 1)))]


def _run_windows() -> frozenset[str]:
    rows = [folded(row) for row in _ROWS.split()]
    both = [*rows, *(row[::-1] for row in rows)]
    return frozenset(window for row in both for window in _windows(row))


_RUN_WINDOWS = _run_windows()


def _in_windows(read: str) -> Iterator[int]:
    """Closed up or not: four keys in a row or more, in either direction; four characters or more that stood there
    before, as a letter held down, or a word said twice."""
    for text, places in ((read, range(len(read))), _squeezed(read)):
        windows = _windows(text)
        if _RUN_WINDOWS.isdisjoint(windows) and len(set(windows)) == len(windows):
            continue
        seen: set[str] = set()
        for at, window in enumerate(windows):
            if window in _RUN_WINDOWS or window in seen:
                yield from range(places[at], places[at + _RUN - 1] + 1)
            seen.add(window)
