"""The official button of Pro Santé Connect, which the operator puts into a folder: the picture belongs to ANS.

Contains which files, how large, of what kind; read once, at the start. Not here: pages, our own text button.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.core.pictures import Picture, picture_of
from idp.settings.files import read_octets

#: Base names in the folder: the button, and the button under the pointer (facts/psc §10).
NORMAL, HOVER = "bouton", "bouton-survol"
_LARGEST = 256 * 1024
EXPECTED_PICTURES = f"a folder with {NORMAL}.svg or .png, of at most {_LARGEST // 1024} KiB"
_KINDS: Mapping[str, str] = {".png": "image/png", ".svg": "image/svg+xml"}


class BadPicture(Exception):
    """For the operator: what kind of folder it is, and which file of ours is wrong. Without path: a setting has it."""


@dataclass(frozen=True, slots=True)
class OfficialPictures:
    """Empty when the operator gave none: then the text button is shown."""

    by_name: Mapping[str, Picture]

    def find(self, name: str) -> Picture | None:
        return self.by_name.get(name)

    @property
    def has_button(self) -> bool:
        return NORMAL in self.by_name

    @property
    def has_hover(self) -> bool:
        return self.has_button and HOVER in self.by_name


def read_pictures(folder: str) -> OfficialPictures:
    """Returns the pictures of the folder. Raises BadPicture."""
    found = (_read(Path(folder), name) for name in (NORMAL, HOVER)) if folder else ()
    return OfficialPictures({name: picture for name, picture in found if picture is not None})


def _read(folder: Path, name: str) -> tuple[str, Picture | None]:
    if not folder.is_dir():
        raise BadPicture("no folder")
    for suffix, media_type in _KINDS.items():
        path = folder / f"{name}{suffix}"
        if not path.exists():
            continue
        try:
            picture = picture_of(read_octets(path, _LARGEST))
        except OSError:
            picture = None
        if picture is None or picture.media_type != media_type:
            raise BadPicture(f"one whose {name}{suffix} is not {media_type}, or is larger")
        return name, picture
    return name, None
