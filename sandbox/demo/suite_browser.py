"""How the suite's own browser goes through our pages, in the suite's words: entries, tasks, commands.

Contains one script per course of things that a module takes. What a command waits for is named by markup, so that the
language of the pages does not matter. Every pattern begins with an origin: `*` matches anything, and the address of our
authorization endpoint has the suite's own in its query. Not here: which module takes which (`suite_plans`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_SHOWN_SECONDS = 10
#: The page goes to the module's placeholder for a picture, and fails it when there is none; or only if there is one.
_PICTURE, _PICTURE_IF_WANTED = "update-image-placeholder", "update-image-placeholder-optional"
_PASSWORD_FORM, _CODE_FORM = "form[action$='/password']", "form[action$='/email_otp']"
_QUESTION = "form[action='/end_session/confirm']"


def _shown(selector: str, picture: str) -> list[Any]:
    """Returns the command that waits until there is text in it, and takes the page's picture."""
    return ["wait", "css", selector, _SHOWN_SECONDS, r"\S", picture]


@dataclass(frozen=True, slots=True)
class Scripts:
    """For the issuer, the suite at this address, and its person (`login`, `password`, `code`)."""

    issuer: str
    suite: str
    person: Mapping[str, str]

    def usual(self) -> list[Json]:
        """The person signs in where they are asked, and is signed out."""
        return [self._sign_in(), self._sign_out()]

    def second_sign_in(self) -> list[Json]:
        """As usual; the suite wants to see that the page asks again."""
        return [self._sign_in(_shown(_PASSWORD_FORM, _PICTURE_IF_WANTED))]

    def cancelled(self) -> list[Json]:
        return [
            self._asked(
                self._on_a_page("Cancel", [["click", "css", "form[action$='/cancel'] button"]]), self._back()
            )
        ]

    def error_page(self) -> list[Json]:
        return [self._asked(self._error())]

    def error_page_or_answer(self) -> list[Json]:
        return [self._asked(self._error(optional=True), self._back(optional=True))]

    def used_again(self) -> list[Json]:
        """A `request_uri` that has served already: the first visit signs in."""
        return [{**self._sign_in(), "match-limit": 1}, *self.error_page_or_answer()]

    def opened_twice(self) -> list[Json]:
        """A `request_uri` opened again before anybody signed in: the first visit only looks."""
        return [{**self._asked(self._on_a_page("Look, and leave")), "match-limit": 1}, self._sign_in()]

    def question(self) -> list[Json]:
        """Whether to sign out, which nobody answers."""
        return [
            self._sign_in(),
            self._leaving(self._at_sign_out("The question", [_shown(_QUESTION, _PICTURE)])),
        ]

    def question_answered(self) -> list[Json]:
        asked = self._at_sign_out("The question", [["click", "css", f"{_QUESTION} button"]])
        # A form is answered by a page of its own address.
        told = {**self._signed_out("ul.steps"), "match": f"{self.issuer}/answer*"}
        return [self._sign_in(), self._leaving(asked, told)]

    def signed_out_here(self) -> list[Json]:
        return [self._sign_in(), self._leaving(self._signed_out("ul.steps"))]

    def return_refused(self) -> list[Json]:
        """Signed out here, and told that the way back is not registered."""
        return [self._sign_in(), self._leaving(self._signed_out("[role='alert']"))]

    # The authorization endpoint.

    def _asked(self, *tasks: Json) -> Json:
        return {"match": f"{self.issuer}/authorize*", "tasks": list(tasks)}

    def _sign_in(self, *before_typing: list[Any]) -> Json:
        password = [
            *before_typing,
            ["text", "name", "rpps", self.person["login"]],
            ["text", "name", "password", self.person["password"]],
            ["click", "css", f"{_PASSWORD_FORM} button"],
        ]
        code = [["text", "name", "code", self.person["code"]], ["click", "css", f"{_CODE_FORM} button"]]
        return self._asked(
            {**self._on_a_page("Login and password", password), "optional": True},
            {
                "task": "The code of the mail",
                "optional": True,
                "match": f"{self.issuer}/interaction/*/email_otp",
                "commands": code,
            },
            self._back(),
        )

    def _on_a_page(self, task: str, commands: list[list[Any]] | None = None) -> Json:
        match = {"task": task, "match": f"{self.issuer}/interaction/*"}
        return match if commands is None else {**match, "commands": commands}

    def _back(self, *, optional: bool = False) -> Json:
        return {
            "task": "Back at the suite",
            "match": f"{self.suite}/callback*",
            **({"optional": True} if optional else {}),
            "commands": [["wait", "id", "submission_complete", _SHOWN_SECONDS]],
        }

    def _error(self, *, optional: bool = False) -> Json:
        """An error that goes to no client stays at the address; a way on would have left it."""
        return {
            "task": "The error page",
            "match": f"{self.issuer}/authorize*",
            **({"optional": True} if optional else {}),
            "commands": [_shown("h1", _PICTURE)],
        }

    # The end of the session.

    def _leaving(self, *tasks: Json) -> Json:
        return {"match": f"{self.issuer}/end_session*", "tasks": list(tasks)}

    def _at_sign_out(self, task: str, commands: list[list[Any]]) -> Json:
        return {"task": task, "match": f"{self.issuer}/end_session*", "commands": commands}

    def _signed_out(self, selector: str) -> Json:
        return self._at_sign_out("Signed out", [_shown(selector, _PICTURE)])

    def _sign_out(self) -> Json:
        back = f"{self.suite}/post_logout_redirect"
        # A regular expression, unlike `match`; the page goes on by itself once its frames have loaded.
        on_the_way = [["wait", "match", f"^{re.escape(back)}", _SHOWN_SECONDS]]
        return self._leaving(
            {**self._at_sign_out("On the way back", on_the_way), "optional": True},
            {"task": "Back at the suite", "match": f"{back}*"},
        )
