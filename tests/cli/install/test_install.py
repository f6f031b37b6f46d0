"""docs/install.md, each of its commands, on a machine with nothing of ours: to a first sign-in, and on three machines.

The wheel is installed in an environment of its own; the services are started as the installed units say. Around it are
the sandbox's cards, mailbox and application. Not here: what the wheel holds (`test_wheel`).
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis

from sandbox.demo import programs, settings
from sandbox.demo.accounts import Script, Standing
from sandbox.demo.places import Places, open_places
from sandbox.demo.ports import Ports
from sandbox.demo.processes import Children
from tests.commands import ROOT, start_forked
from tests.limits import within
from tests.machine import Machine, blocks_of
from tests.made_once import place_igc
from tests.servers import postgresql_server, redis_server

PAGE = blocks_of("docs/install.md")
ONE, THREE = PAGE["One machine"], PAGE["Three machines"]
#: How the blocks of the page are known.
PROGRAM, PIP, INIT, IDP, MANUAL, SETTINGS, TRUST, CLIENT, NGINX, SERVICES = range(10)


def free_base() -> int:
    """The first of the free ports of a demo, with four digits: the listener for monitoring has a 1 before them."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    for base in range(2000 + worker * 800, 2800 + worker * 800, 16):
        with ExitStack() as held:
            try:
                for port in (*range(base, base + 13), base + 10_000):
                    held.enter_context(_bound(port))
            except OSError:
                continue
        return base
    raise AssertionError("no free ports in a row")


@contextmanager
def _bound(port: int) -> Iterator[None]:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        yield


def block_with(blocks: list[str], words: str) -> str:
    (found,) = [block for block in blocks if words in block]
    return found


class Around:
    """Cards with their authority and its lists, mailbox, application: everything that is not this machine."""

    def __init__(self, place: Path) -> None:
        self.ports = Ports(free_base())
        self.places, self._lock = open_places(place)
        self.cards = place_igc(self.places.igc)
        self._told = settings.provider_settings(self.ports, self.places, redis="", profile="default")
        self.children = Children(ROOT, settings.child_environment(self._told), self.places.log, start_forked)

    def start(self, client_secret: str) -> None:
        self.places.secret_file("viatrajectoire").write_text(client_secret)
        settings.write_files(self.ports, self.places, self._told, None)
        for program in (*programs.outside(self.ports, self.places), programs.igc(self.ports, self.places)):
            if program.name != "psc":
                self.children.start(program)

    def stop(self) -> None:
        self.children.stop()
        os.close(self._lock)

    @property
    def instead(self) -> dict[str, str]:
        """What the page names, and where it is here."""
        ports, tls = self.ports, self.places.igc / "tls"
        return {
            "https://id.example": ports.issuer,
            "https://carte.example": ports.card_host,
            "relay.example": "127.0.0.1",
            "SMTP_PORT=25": f"SMTP_PORT={ports.smtp}",
            "https://viatrajectoire.example/": f"http://localhost:{ports.relying_party(0)}/",
            # Without the nginx in front: the card host terminates TLS itself.
            "LISTEN=unix:/run/caducee/card.sock": f"LISTEN=127.0.0.1:{ports.card},[::1]:{ports.card}",
            "CADUCEE_CARD_PROXY_USER=www-data": f"CADUCEE_CARD_CERTIFICATE_FILE={tls / 'server.crt'}\n"
            f"CADUCEE_CARD_KEY_FILE={tls / 'server.key'}\nCADUCEE_CARD_ACCEPT_TEST_CARDS=true",
            "8401": str(ports.base),
        }

    def bring(self, machine: Machine) -> None:
        """What the operator was given: the authorities; and where these publish their lists."""
        chain = b"".join((self.places.igc / "ca" / name).read_bytes() for name in ("root.pem", "issuing.pem"))
        (machine.place / "etc" / "caducee" / "Chaine_de_certification-IGC-Sante.p7b").write_bytes(chain)
        conf, url = machine.place / "etc" / "caducee" / "caducee.conf", self.ports.igc_url
        text = conf.read_text().replace("http://ocsp.esante.gouv.fr", f"{url}/ocsp")
        text = text.replace(
            "http://igc-sante.esante.gouv.fr/CRL/ACI-FO-PP.crl", f"{url}/CRL/ACI-FO-PP-TEST.crl"
        )
        conf.write_text(
            text.replace("http://igc-sante.esante.gouv.fr/CRL/ACR-FO.crl", f"{url}/CRL/ACR-FO-TEST.crl")
        )


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Around]:
    found = Around(tmp_path_factory.mktemp("around"))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def installed(around: Around, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The program alone."""
    machine = Machine(tmp_path_factory.mktemp("machine"), around.instead)
    machine.run(ONE[PROGRAM])
    machine.run(ONE[PIP])
    return machine


def test_the_page_has_the_blocks_that_are_run() -> None:
    firsts = [block.splitlines()[0].split()[0] for block in ONE]
    assert firsts == "apt-get /srv/caducee/venv/bin/pip runuser cat mkdir cat idp idp mkdir cp".split()
    assert len(THREE) == 4


def test_what_is_installed_is_the_wheel_alone(installed: Machine) -> None:
    python = installed.place / "srv" / "caducee" / "venv" / "bin" / "python"
    asked = "import idp, sys; print(idp.__file__); print(*sys.path)"
    said = subprocess.run(
        [python, "-c", asked], cwd="/", env=installed.environment, capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith(str(installed.place))
    assert str(ROOT) + " " not in said


def test_one_machine_from_nothing_to_a_first_sign_in(installed: Machine, around: Around) -> None:
    machine = installed
    machine.run(ONE[INIT])
    machine.run(ONE[IDP])
    machine.run(ONE[MANUAL])
    assert "http" in machine.run(ONE[SETTINGS])
    around.bring(machine)
    machine.run(ONE[TRUST])
    assert "no fault" in machine.run(ONE[CLIENT])
    around.start((machine.place / "etc" / "caducee" / "secrets" / "viatrajectoire").read_text().strip())
    _wait_until(lambda: _answers(f"http://localhost:{around.ports.igc}/health", around.places))
    machine.run(ONE[NGINX])
    said = machine.run(ONE[SERVICES])
    assert "no fault" in said
    provider = f"caducee@{around.ports.base}"
    assert machine.enabled == {provider, "caducee@8402", "caducee-card-host"}
    with machine.service(provider), machine.service("caducee-card-host"):
        _wait_until(lambda: _answers(f"{around.ports.issuer}/health/ready", around.places))
        _wait_until(lambda: _answers(f"{around.ports.card_host}/health", around.places))
        cards = {card["name"]: card for card in around.cards}
        assert Script(around.ports, around.places).arrange(cards, ["martin"]) == {"martin": Standing.ACCEPTED}
    assert machine.met == machine.instead.keys()


def test_three_machines_are_one_installation(installed: Machine, around: Around, tmp_path: Path) -> None:
    with postgresql_server() as database, redis_server() as redis:
        stores = {
            "one.example:5432": f"127.0.0.1:{urlsplit(database.url).port}",
            "one.example:6379": f"127.0.0.1:{urlsplit(redis.url).port}",
        }
        admin = urlsplit(database.url)
        variables = {"PGHOST": "127.0.0.1", "PGPORT": str(admin.port), "PGUSER": str(admin.username)}
        one = Machine(tmp_path / "one", {}, variables)
        two, three = (Machine(tmp_path / name, around.instead | stores) for name in ("two", "three"))
        for machine in (two, three):
            (machine.place / "srv").symlink_to(installed.place / "srv")
            shutil.copytree(
                installed.place / "etc" / "systemd", machine.place / "etc" / "systemd", dirs_exist_ok=True
            )
        one.run(THREE[0])
        _set(redis.url, one.place / "etc" / "redis" / "redis.conf")
        made = two.run(THREE[1])
        assert "postgresql+psycopg://caducee:***@127.0.0.1" in made
        two.run(ONE[IDP])
        two.run(THREE[2])
        shutil.move(two.place / "etc" / "caducee.tar", three.place / "etc" / "caducee.tar")
        said = three.run(THREE[3].replace("rm /etc", f"{_moved(two, three)}\nrm /etc"))
        assert "postgresql, schema" in said
        assert not (three.place / "etc" / "caducee.tar").exists()
        assert set(re.findall(r"^(\S{43})  ", made, re.MULTILINE)) == set(
            re.findall(r"^(\S{43})  ", said, re.MULTILINE)
        )
        assert (
            two.enabled
            == three.enabled
            == {f"caducee@{around.ports.base}", "caducee-card-host", "caducee-worker"}
        )
        with three.service(f"caducee@{around.ports.base}"):
            _wait_until(lambda: _answers(f"{around.ports.issuer}/health/live", around.places))
            published = requests.get(f"{around.ports.issuer}/jwks", timeout=5).json()["keys"]
            assert {key["kid"] for key in published} == set(re.findall(r"^(\S{43})  ", made, re.MULTILINE))


def _set(url: str, conf: Path) -> None:
    """Let a server that runs take what the page writes for its next start."""
    with Redis.from_url(url) as redis:
        # The password last: nothing is taken without it from then on.
        for line in reversed(conf.read_text().splitlines()):
            redis.config_set(*line.split())


def _moved(here: Machine, there: Machine) -> str:
    """Both are directories of one machine: what was copied names the other's."""
    return f"sed -i 's|{here.place}/|{there.place}/|g' /etc/caducee/caducee.conf /usr/local/bin/idp"


def _answers(url: str, places: Places) -> bool:
    try:
        return requests.get(url, timeout=2, verify=str(places.ca_bundle)).status_code == 200
    except requests.RequestException:
        return False


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within(30)
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
