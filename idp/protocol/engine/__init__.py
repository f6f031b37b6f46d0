"""Contains pyop and all that knows it: the five verbs, what pyop reads, codes and tokens. Not here: HTTP."""

from idp.core.oic_settings import stand_in

stand_in()
