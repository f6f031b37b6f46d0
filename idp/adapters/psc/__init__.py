"""The client of Pro Santé Connect.

Contains requests, ID Tokens, claims, outages. Not here: pages (`flows`), accounts.
"""

from idp.core.oic_settings import stand_in

stand_in()
