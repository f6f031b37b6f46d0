"""`idp card …` on a workstation: no settings, no database; real tokens of SoftHSM2 with the labels of a CPS.

What SoftHSM2 cannot do (a PIN that locks, a card pulled out, a card without PSS) is told by a fake of the port.
"""

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
from dataclasses import dataclass, field
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from idp.adapters.pkcs11_card import default_modules, fault_of
from idp.cards.anchors import load_anchors
from idp.cards.reader import PinState, ReaderFailed, ReaderFault, StoredCertificate
from idp.cards.trust import CardPolicy, CardRefusal
from idp.cli.card.command import CardDesk
from idp.core.clock import SystemClock
from idp.web.catalogues import load_catalogues
from sandbox.igc.softhsm import find_module, token_label
from tests.fakes import FakeCard, FakeReader
from tests.limits import within
from tests.made_once import place_igc

ROOT = Path(__file__).parents[3]
HELP_DESK = load_catalogues(ROOT / "idp" / "templates" / "help_desk")
_NAMES = ("lefebvre", "martin", "expired")


@dataclass(frozen=True)
class Workstation:
    """A help desk's machine: the test IGC, cards in its readers, and nothing of the provider."""

    igc: Path
    configuration: Path

    def card(self, name: str) -> dict[str, str]:
        found: dict[str, str] = next(
            card for card in json.loads((self.igc / "cards.json").read_text()) if card["name"] == name
        )
        return found

    def label(self, name: str) -> str:
        return token_label(self.card(name))

    @property
    def trust(self) -> list[str]:
        return ["--trust", str(self.igc / "ca" / "root.pem"), "--trust", str(self.igc / "ca" / "issuing.pem")]

    def run(self, *arguments: str, typed: str | None = None) -> "subprocess.CompletedProcess[str]":
        """In an empty environment. `typed`: on the terminal, which hides it."""
        command = [sys.executable, "-m", "idp.cli", "card", *arguments]
        environment = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(self.configuration)}
        if typed is not None:
            return self._typing(command, environment, typed)
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within(60),
            check=False,
            start_new_session=True,  # without the terminal of whoever runs the tests
        )

    def _typing(
        self, command: list[str], environment: dict[str, str], typed: str
    ) -> "subprocess.CompletedProcess[str]":
        terminal, slave = pty.openpty()

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(slave,),
            preexec_fn=take_terminal,
        ) as process:
            shown = b""
            # What is typed before the question is thrown away, by getpass.
            while not shown.endswith(b" : ") and select.select([terminal], [], [], 30)[0]:
                shown += os.read(terminal, 1000)
            os.write(terminal, typed.encode())
            stdout, stderr = process.communicate(timeout=within(30))
            shown += os.read(terminal, 1000)
        os.close(slave)
        os.close(terminal)
        if typed.strip():
            assert typed.split()[0] not in shown.decode(), "it was shown on the terminal"
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def at(self, name: str, *arguments: str) -> list[str]:
        return [*arguments, "--module", str(find_module()), "--card", self.label(name), *self.trust]


@pytest.fixture(scope="module")
def workstation(tmp_path_factory: pytest.TempPathFactory) -> Workstation:
    place = tmp_path_factory.mktemp("workstation")
    place_igc(place)
    subprocess.run([sys.executable, "-m", *_softhsm(place)], cwd=ROOT, check=True, capture_output=True)
    return Workstation(place, place / "softhsm" / "softhsm2.conf")


def _softhsm(place: Path) -> tuple[str, ...]:
    return ("sandbox.igc.softhsm", str(place), *[word for name in _NAMES for word in ("--card", name)])


def test_list_shows_every_card_and_its_tries(workstation: Workstation) -> None:
    done = workstation.run("list", "--module", str(find_module()))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 4
    for name in ("lefebvre", "martin", "expired"):
        assert workstation.label(name) in done.stdout
    assert done.stdout.count("3 essais") == 3


def test_show_says_what_the_provider_would_see(workstation: Workstation) -> None:
    done = workstation.run(*workstation.at("martin", "show", "--accept-test-cards"))
    assert (done.returncode, done.stderr) == (0, "")
    for told in (
        "PAUL MARTIN",
        "RPPS 99700000021",
        "Médecin (10)",
        "(SM04)",
        "(SM26)",
        "CPS, carte de TEST",
        "signature vérifiée",
        "> Certificat d'Authentification CPS : authentification",
        "  Certificat de Signature CPS : signature",
        "ACCEPTÉE",
    ):
        assert told in done.stdout, told


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [("lefebvre", (), "test_card"), ("expired", ("--accept-test-cards",), "expired")],
)
def test_show_says_why_a_card_would_be_refused_in_the_words_of_the_page(
    workstation: Workstation, name: str, options: tuple[str, ...], reason: str
) -> None:
    done = workstation.run(*workstation.at(name, "show", *options))
    page = load_catalogues(ROOT / "idp" / "templates").texts["fr"]
    assert done.returncode == 1
    assert f"REFUSÉE ({reason}) : {page[f'cps.{reason}.title']}" in done.stdout
    for line in page[f"cps.{reason}.text"].strip().splitlines():
        assert line in done.stdout


def test_without_certificates_to_check_with_the_signature_is_said_not_to_be_checked(
    workstation: Workstation,
) -> None:
    done = workstation.run(
        "show", "--module", str(find_module()), "--card", workstation.label("lefebvre"), "--lang", "en"
    )
    assert (done.returncode, "SIGNATURE NOT CHECKED" in done.stdout) == (1, True)


def says_pin(pin: str, told: str) -> bool:
    """As a word of its own: the numbers of a token and of its slot are drawn by lot, and may contain its digits."""
    return re.search(rf"(?<![0-9A-Za-z]){pin}(?![0-9A-Za-z])", told) is not None


def test_test_signs_with_the_authentication_key_after_the_pin(workstation: Workstation) -> None:
    done = workstation.run(*workstation.at("lefebvre", "test", "--accept-test-cards"), typed="1234\n")
    assert (done.returncode, "SIGNATURE JUSTE" in done.stdout) == (0, True), done.stderr
    assert not says_pin("1234", done.stdout + done.stderr)


def test_a_wrong_pin_is_told_and_not_presented_again(workstation: Workstation) -> None:
    # A second line is there to be read, and is not.
    done = workstation.run(*workstation.at("lefebvre", "test"), typed="9999\n1234\n")
    assert done.returncode == 1
    assert "Code porteur faux" in done.stderr
    assert "SIGNATURE" not in done.stdout.replace("signature", "")
    assert not says_pin("9999", done.stdout + done.stderr)


@pytest.mark.parametrize("typed", ["\n", "12\n"])
def test_giving_up_and_a_slip_cost_no_try(workstation: Workstation, typed: str) -> None:
    done = workstation.run(*workstation.at("lefebvre", "test"), typed=typed)
    assert done.returncode == 1
    assert "présenté à la carte" in done.stderr


def test_without_a_terminal_to_hide_it_no_pin_is_asked_for(workstation: Workstation) -> None:
    done = workstation.run(*workstation.at("lefebvre", "test"))
    assert (done.returncode, "aucun code n'a été présenté" in done.stderr) == (1, True)


def test_what_is_missing_is_told_in_both_languages(workstation: Workstation, tmp_path: Path) -> None:
    for language, words in (("fr", "Installez la Cryptolib CPS"), ("en", "Install Cryptolib CPS")):
        done = workstation.run("list", "--lang", language)
        assert (done.returncode, words in done.stderr) == (1, True)
    for path in (tmp_path / "nothing.so", ROOT / "README.md"):
        assert workstation.run("list", "--module", str(path)).returncode == 1
    unreadable = workstation.run("list", "--module", str(find_module()), "--trust", str(ROOT / "README.md"))
    assert (unreadable.returncode, "Certificats de confiance refusés" in unreadable.stderr) == (2, True)


def test_one_of_several_cards_must_be_chosen(workstation: Workstation) -> None:
    several = workstation.run("show", "--module", str(find_module()))
    assert (several.returncode, "choisissez-en une" in several.stderr) == (1, True)
    unknown = workstation.run("show", "--module", str(find_module()), "--card", "CPS3v3-0000000000")
    assert (unknown.returncode, "Aucune carte de ce nom" in unknown.stderr) == (1, True)


def test_no_card_in_any_reader_is_told(workstation: Workstation, tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    text = workstation.configuration.read_text().replace(
        str(workstation.configuration.parent / "tokens"), str(tmp_path / "tokens")
    )
    (tmp_path / "softhsm2.conf").write_text(text)
    bare = Workstation(workstation.igc, tmp_path / "softhsm2.conf")
    for command in ("list", "show", "test"):
        done = bare.run(command, "--module", str(find_module()))
        assert (done.returncode, "Insérez la carte" in done.stderr) == (1, True)


class TestWithAFake:
    """The desk over cards that lock, go away and do less."""

    @dataclass
    class Screen:
        lines: list[str] = field(default_factory=list)
        asked: list[str] = field(default_factory=list)

        def say(self, line: str) -> None:
            self.lines.append(line)

    @pytest.fixture
    def policy(self, workstation: Workstation) -> CardPolicy:
        files = (workstation.igc / "ca" / f"{name}.pem" for name in ("root", "issuing"))
        anchors = load_anchors(file.read_bytes() for file in files)
        return CardPolicy(anchors=anchors, accept_test_cards=True, accept_employee_cards=False)

    @pytest.fixture
    def card(self, workstation: Workstation) -> FakeCard:
        known = workstation.card("lefebvre")
        certificate = x509.load_pem_x509_certificate(Path(known["certificate"]).read_bytes())
        key, der = (
            load_pem_private_key(Path(known["key"]).read_bytes(), None),
            certificate.public_bytes(Encoding.DER),
        )
        return FakeCard(
            [StoredCertificate("Certificat d'Authentification CPS", b"\x20", der)], {b"\x20": key}
        )

    @pytest.fixture
    def screen(self) -> Screen:
        return self.Screen()

    def desk(self, card: FakeCard, policy: CardPolicy, screen: Screen, typed: str = "1234") -> CardDesk:
        def ask(prompt: str) -> str:
            screen.asked.append(prompt)
            return typed

        return CardDesk(
            reader=FakeReader([card]),
            policy=policy,
            clock=SystemClock(),
            locale="fr",
            ask_pin=ask,
            say=screen.say,
        )

    def test_a_card_without_pss_is_fine_and_the_desk_says_what_that_means(
        self, card: FakeCard, policy: CardPolicy, screen: Screen
    ) -> None:
        assert self.desk(card, policy, screen).test(None) == 0
        assert any("TLS 1.2 convient" in line for line in screen.lines)
        assert screen.lines[-1].startswith("SIGNATURE JUSTE")

    @pytest.mark.parametrize(("tries", "told"), [(2, "il reste 2 essais"), (1, "UN SEUL essai")])
    def test_a_low_count_is_warned_of_before_the_pin_is_asked_for(
        self, card: FakeCard, policy: CardPolicy, screen: Screen, tries: int, told: str
    ) -> None:
        card.tries = tries
        assert self.desk(card, policy, screen).test(None) == 0
        assert any(told in line for line in screen.lines)
        assert len(screen.asked) == 1

    def test_a_locked_card_is_told_with_what_to_do_and_no_pin_is_asked_for(
        self, card: FakeCard, policy: CardPolicy, screen: Screen
    ) -> None:
        card.tries = 0
        with pytest.raises(ReaderFailed) as failed:
            self.desk(card, policy, screen).test(None)
        assert (failed.value.fault, screen.asked) == (ReaderFault.PIN_LOCKED, [])
        assert "CPS Gestion" in HELP_DESK.texts["fr"]["fault.pin_locked"]

    def test_a_contactless_card_is_refused_and_no_pin_is_asked_for(
        self, card: FakeCard, policy: CardPolicy, screen: Screen
    ) -> None:
        card.pin = None
        desk = self.desk(card, policy, screen)
        assert desk.show(None) == 1
        assert any("insérez-la dans un lecteur à contact" in line for line in screen.lines)
        with pytest.raises(ReaderFailed, match="contactless"):
            desk.test(None)
        assert screen.asked == []

    def test_a_refused_card_may_still_sign_and_the_answer_stays_no(
        self, card: FakeCard, policy: CardPolicy, screen: Screen
    ) -> None:
        strict = CardPolicy(anchors=policy.anchors, accept_test_cards=False, accept_employee_cards=False)
        assert self.desk(card, strict, screen).test(None) == 1
        assert screen.lines[-1].startswith("SIGNATURE JUSTE")


class TestWords:
    def test_every_fault_state_kind_and_identifier_has_its_words_in_both_languages(self) -> None:
        texts = HELP_DESK.texts
        assert set(texts) == {"fr", "en"}
        assert set(texts["fr"]) == set(texts["en"])
        wanted = {f"fault.{fault}" for fault in ReaderFault} | {f"pin.{state}" for state in PinState}
        assert wanted <= set(texts["fr"])

    def test_every_refusal_has_the_words_of_its_page(self) -> None:
        pages = load_catalogues(ROOT / "idp" / "templates").texts
        for locale in ("fr", "en"):
            assert {f"cps.{reason}.title" for reason in CardRefusal} <= set(pages[locale])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (pkcs11.PinIncorrect(), ReaderFault.PIN_WRONG),
        (pkcs11.PinLenRange(), ReaderFault.PIN_WRONG),
        (pkcs11.PinLocked(), ReaderFault.PIN_LOCKED),
        (pkcs11.UserPinNotInitialized(), ReaderFault.CONTACTLESS),
        (pkcs11.TokenNotPresent(), ReaderFault.CARD_REMOVED),
        (pkcs11.DeviceRemoved(), ReaderFault.CARD_REMOVED),
        (pkcs11.FunctionCancelled(), ReaderFault.PIN_ABANDONED),
        (pkcs11.MechanismInvalid(), ReaderFault.NO_MECHANISM),
        (pkcs11.PKCS11Error("Unmapped error code 0x80000001"), ReaderFault.UPDATE_INTERRUPTED),
        (pkcs11.GeneralError(), ReaderFault.FAILED),
    ],
)
def test_what_a_module_answers_becomes_what_a_person_can_act_upon(error: Exception, expected: str) -> None:
    assert fault_of(error) is expected


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("win32", "C:/Windows/System32/cps3_pkcs11_w64.dll"),
        ("darwin", "/usr/local/lib/libcps3_pkcs11_osx.dylib"),
        ("linux", "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"),
    ],
)
def test_the_module_is_looked_for_where_cryptolib_puts_it(platform: str, expected: str) -> None:
    assert default_modules(platform, "C:/Windows")[0] == Path(expected)
    assert default_modules("plan9", "C:/Windows") == []
