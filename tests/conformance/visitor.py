"""The person of the suite with a browser: signs in wherever the provider asks, presses on where a page says so.

Contains pages, known by their standard fields alone. Not here: what the protocol says.
"""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from sandbox.demo.driver import Browser, Page
from sandbox.demo.forms import Form


@dataclass
class Visitor:
    """`asked`: what the provider wanted of the person since the last visit, in its order."""

    browser: Browser
    person: dict[str, str]
    suite: str
    asked: list[str] = field(default_factory=list)

    def visit(self, url: str, sent: dict[str, str]) -> Page:
        """GET, and on through whatever is asked until nothing is."""
        self.asked.clear()
        self.browser.get(f"{url}?{urlencode(sent)}" if sent else url)
        return self._go_on()

    def post(self, url: str, sent: dict[str, str]) -> Page:
        self.asked.clear()
        self.browser.post(url, sent)
        return self._go_on()

    def press(self, field_name: str) -> Page:
        """The first button of the form with this field."""
        form = next(form for form in self.browser.page.document.forms if form.find(field_name))
        return self.browser.submit(form.buttons[0].words)

    def forget(self) -> None:
        """« Please remove any cookies you may have received from the OpenID Provider. »"""
        self.browser.cookies.clear()

    def _go_on(self) -> Page:
        for _ in range(6):
            step = next((name for name in self._answers() if self._form(name)), None)
            if step is not None:
                self._fill(step)
            elif (leaving := self._leaving()) is not None:
                self.browser.submit(leaving.buttons[0].words)
            else:
                return self.browser.page
        raise AssertionError(f"the pages lead nowhere: {self.browser.page.title}")

    def _answers(self) -> dict[str, dict[str, str]]:
        return {
            "one_time_code": {"one_time_code": self.person["code"]},
            "current_password": {
                "username": self.person["login"],
                "current_password": self.person["password"],
            },
        }

    def _form(self, field_name: str) -> Form | None:
        return next((form for form in self.browser.page.document.forms if form.find(field_name)), None)

    def _fill(self, step: str) -> None:
        form = self._form(step)
        assert form is not None
        assert self.asked[-1:] != [step], f"« {self.browser.page.title} » asks again"
        self.asked.append(step)
        self.browser.submit(form.buttons[0].words, **self._answers()[step])

    def _leaving(self) -> Form | None:
        """Form Post Response Mode without JavaScript: a form to the relying party, with its button."""
        forms = self.browser.page.document.forms
        return next((form for form in forms if form.action.startswith(f"{self.suite}/")), None)
