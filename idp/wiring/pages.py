"""Contains how pages are rendered: templates, words, the relying parties they name. Not here: a page."""

from pathlib import Path

import jinja2

from idp.clients.operator_rules import operator_rules
from idp.clients.registry import ClientFile
from idp.settings import Settings
from idp.web.browser import Web
from idp.web.catalogues import load_catalogues

_HERE = Path(__file__).parents[1]


def build_web(settings: Settings) -> Web:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    clients = ClientFile(settings.where.clients_file, operator_rules(settings))
    return Web(settings, clients, load_catalogues(_HERE / "templates"), environment)
