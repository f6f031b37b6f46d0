"""Contains what a login proved: the verified ID token and the userinfo, read together. Not here: their verification."""

from collections.abc import Mapping

from idp.adapters.psc.claim_names import known_names
from idp.adapters.psc.claims import (
    has_two_rpps,
    read_amr,
    read_auth_mode,
    read_person,
    read_released,
    read_rpps,
    read_sid,
)
from idp.adapters.psc.id_token import VerifiedIdToken, refused
from idp.interaction.upstream import About, UpstreamLogin, UpstreamRefusal, UpstreamRefused
from idp.settings.psc import PscSettings


def read_login(
    verified: VerifiedIdToken,
    userinfo: Mapping[str, object],
    id_token: str,
    settings: PscSettings,
) -> UpstreamLogin:
    """Returns the login of one person. Raises UpstreamRefused."""
    # OpenID Connect Core §5.3.2: with another subject or national identifier, it is another person's answer.
    if userinfo.get("sub") != verified.subject:
        raise refused("userinfo: sub")
    told, proved = known_names(userinfo, settings), known_names(verified.claims, settings)
    claims = {**told, **proved}
    if told.get("SubjectNameID", claims.get("SubjectNameID")) != claims.get("SubjectNameID"):
        raise refused(f"userinfo: {settings.claim_rpps}")
    # facts/security PS5: the RPPS is the key of an account; of two, either could be a colleague's.
    if has_two_rpps(told, proved):
        about = About(rpps=read_rpps(proved) or "", subject=verified.subject)
        raise UpstreamRefused(UpstreamRefusal.TWO_RPPS, "userinfo: more than one RPPS", about)
    person = read_person(claims, settings.physician_categories)
    return UpstreamLogin(
        rpps=person.rpps,
        family_name=person.family_name,
        given_name=person.given_name,
        profession=person.profession,
        specialities=person.specialities,
        subject=verified.subject,
        acr=verified.acr,
        amr=read_amr(verified.claims),
        auth_mode=read_auth_mode(claims),
        auth_time=verified.auth_time,
        is_auth_time_told=verified.is_auth_time_told,
        id_token=id_token,
        claims=read_released(claims),
        sid=read_sid(verified.claims),
    )
