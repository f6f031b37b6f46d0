"""Contains the text of a charter as a file. Not here: who may have it (`flows/charter`, `flows/account/charters`)."""

import re
import unicodedata

from werkzeug.wrappers import Response

from idp.accounts.charter import HOUSE, CharterRevision

#: Revisions have any name; that of a file is of letters over which no header and no disk stumbles.
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST_NAME = 100


def charter_file(revision: CharterRevision, locale: str) -> Response:
    """Returns the very text that is accepted, byte by byte: the digest of the file is the one in the evidence. Its name
    says which charter, revision and language it is (RFC 6266 §4.1)."""
    charter = "" if revision.charter == HOUSE else f"{revision.charter} "
    # É is E and an accent, which goes.
    known = (
        unicodedata.normalize("NFKD", f"charte {charter}{revision.revision}")
        .encode("ascii", "ignore")
        .decode()
    )
    name = _NOT_PLAIN.sub("-", known)[:_LONGEST_NAME].strip("-")
    response = Response(revision.text(locale), mimetype="text/plain")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{name}.{revision.shown_locale(locale)}.txt"'
    )
    return response
