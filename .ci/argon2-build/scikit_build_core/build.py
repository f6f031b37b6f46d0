"""The hooks of PEP 517 that pip and uv call, in the unpacked source: one call of the compiler, no CMake.

What is made is no Python module but the plain C library inside, `argon2-<flag>.so`: it needs no headers of Python.
"""

import os
import subprocess
import zipfile
from pathlib import Path

_LIBRARY = Path("extras/libargon2")
#: As CMakeLists.txt of 26.2.0 has them, with the vector code (opt.c).
_SOURCES = ("argon2.c", "core.c", "encoding.c", "opt.c", "thread.c", "blake2/blake2b.c")


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    name = f"{_distribution()}.dist-info"
    for path, text in _metadata(name).items():
        file = Path(metadata_directory, path)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    flag, made = os.environ["CADUCEE_ARGON2_FLAG"], Path(wheel_directory, "made.so")
    compiler = os.environ["CADUCEE_ARGON2_COMPILER"].split()
    options = ["-O3", f"-m{flag}", "-shared", "-fPIC", "-pthread", "-I", str(_LIBRARY / "include")]
    sources = [str(_LIBRARY / "src" / source) for source in _SOURCES]
    subprocess.run([*compiler, *options, *sources, "-o", str(made)], check=True)  # noqa: S603  (the compiler)
    name = f"{_distribution()}-py3-none-any.whl"
    library, info = f"argon2-{flag}.so", f"{_distribution()}.dist-info"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        wheel.write(made, library)
        for path, text in _metadata(info).items():
            wheel.writestr(path, text)
        wheel.writestr(
            f"{info}/RECORD", "".join(f"{path},,\n" for path in wheel.namelist()) + f"{info}/RECORD,,\n"
        )
    made.unlink()
    return name


def _distribution():
    fields = dict(
        line.split(": ", 1) for line in Path("PKG-INFO").read_text().splitlines()[:5] if ": " in line
    )
    return f"{fields['Name'].replace('-', '_')}-{fields['Version']}"


def _metadata(info):
    name, _, version = _distribution().rpartition("-")
    return {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: caducee\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
