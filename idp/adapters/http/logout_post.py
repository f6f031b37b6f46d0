"""`LogoutPost` over bounded HTTP (Back-Channel Logout 1.0 §2.5): only the status of an answer is kept."""

from dataclasses import dataclass
from urllib.parse import urlencode

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer


@dataclass(frozen=True, slots=True)
class HttpLogoutPost:
    http: BoundedHttp

    def post(self, url: str, logout_token: str) -> int | str:
        try:
            return self.http.post_form(url, urlencode({"logout_token": logout_token}), {}).status
        except NoUsableAnswer as error:
            return str(error)
