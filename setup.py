"""What a wheel carries that stands beside the packages in a checkout. Everything else is in pyproject.toml.

The migrations become a part of the package that runs them (`idp/adapters/sql/database.py` finds them in both places);
units of systemd, files for nginx and the examples of charters go to `share/caducee` of the environment.
"""

from pathlib import Path

from setuptools import find_packages, setup

_MIGRATIONS = "idp.adapters.sql.migrations"
_SHARED = {
    "charters": "charters/*.md",
    "nginx": "docs/nginx-*.conf",
    "nginx/unavailable": "deploy/nginx/unavailable/*",
    "systemd": "deploy/systemd/*",
}


def _files(pattern: str) -> list[str]:
    return [str(path) for path in sorted(Path().glob(pattern))]


setup(
    packages=[*find_packages(include=["idp*"]), _MIGRATIONS, f"{_MIGRATIONS}.versions"],
    package_dir={_MIGRATIONS: "migrations"},
    data_files=[
        *((f"share/caducee/{place}", _files(pattern)) for place, pattern in _SHARED.items()),
        ("share/caducee/nginx", [*_files("deploy/nginx/*.conf"), "deploy/cluster/nginx.conf.template"]),
    ],
)
