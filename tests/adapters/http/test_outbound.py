"""URLs of relying parties that we call lead where they were checked to lead, and nowhere inside (CF5, T41)."""

import ipaddress
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.adapters.http.addresses import Forbidden, check_url, is_internet
from idp.adapters.http.bounded import NoUsableAnswer
from idp.adapters.http.outbound import OutboundHttp, resolve
from tests.adapters.http.far_machine import Authority, FarMachine, an_authority, far_machine, say

LOOPBACK = ("127.0.0.0/8", "::1/128")
NAME = "rp.example"


class Names:
    """A resolver that says what it is told, and remembers what it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def plain() -> Iterator[FarMachine]:
    with far_machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(authority: Authority) -> Iterator[FarMachine]:
    with far_machine(authority.certify(NAME)) as machine:
        yield machine


def refused(http: OutboundHttp, url: str) -> None:
    with pytest.raises(NoUsableAnswer) as caught:
        http.get(url, {})
    assert url not in str(caught.value)


# What is reached.


def test_a_checked_host_is_called_at_its_address_under_its_own_name(
    secure: FarMachine, authority: Authority
) -> None:
    names = Names(["127.0.0.1"])
    http = OutboundHttp(LOOPBACK, authority_files=[authority.root], resolve=names)
    secure.reply = say(b'{"keys": []}')
    assert http.get(f"https://{NAME}:{secure.port}/jwks?x=1", {}).json() == {"keys": []}
    assert http.post_form(f"https://{NAME}:{secure.port}/out", "a=b", {}).status == 200
    host = f"{NAME}:{secure.port}"
    assert secure.seen == [("GET", "/jwks?x=1", host, b""), ("POST", "/out", host, b"a=b")]
    assert names.asked == [(NAME, secure.port)] * 2


def test_the_certificate_must_be_of_the_host_and_not_of_the_address(
    secure: FarMachine, authority: Authority
) -> None:
    http = OutboundHttp(LOOPBACK, authority_files=[authority.root], resolve=Names(["127.0.0.1"]))
    for host in ("other.example", "127.0.0.1", "localhost"):
        refused(http, f"https://{host}:{secure.port}/")
    assert secure.seen == []


def test_an_authority_that_nobody_named_is_not_believed(secure: FarMachine) -> None:
    refused(OutboundHttp(LOOPBACK, resolve=Names(["127.0.0.1"])), f"https://{NAME}:{secure.port}/")
    assert secure.seen == []


def test_http_passes_on_loopback_alone_and_only_when_it_is_allowed(plain: FarMachine) -> None:
    assert OutboundHttp(LOOPBACK).get(f"http://127.0.0.1:{plain.port}/", {}).status == 200
    assert OutboundHttp(LOOPBACK).get(f"http://localhost:{plain.port}/", {}).status == 200
    refused(OutboundHttp(), f"http://127.0.0.1:{plain.port}/")
    refused(OutboundHttp(["10.0.0.0/8"]), f"http://127.0.0.1:{plain.port}/")
    assert len(plain.seen) == 2


@pytest.mark.parametrize("address", ["93.184.215.14", "10.1.2.3", "2606:4700::1111"])
def test_http_elsewhere_is_refused_even_where_https_would_pass(address: str) -> None:
    with pytest.raises(Forbidden, match="scheme"):
        check_url("http://rp.example/", _networks("10.0.0.0/8"), Names([address]))
    assert check_url("https://rp.example/", _networks("10.0.0.0/8"), Names([address])).addresses == (address,)


def test_the_second_address_is_tried_when_the_first_takes_no_connection(plain: FarMachine) -> None:
    http = OutboundHttp(LOOPBACK, resolve=Names(["::1", "127.0.0.1"]))
    assert http.get(f"http://localhost:{plain.port}/", {}).status == 200


# What is not.

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
    "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff0e::1", "100::1", "5f00::1",
    "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_of_the_internet_is_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="address"):
        check_url("https://rp.example/", (), Names([address]))


@pytest.mark.parametrize("address", INSIDE)
def test_one_such_address_among_others_refuses_them_all(address: str) -> None:
    for answer in (["8.8.8.8", address], [address, "2606:4700::1111"]):
        with pytest.raises(Forbidden, match="address"):
            check_url("https://rp.example/", (), Names(answer))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])
def test_an_address_of_the_internet_passes(address: str) -> None:
    assert check_url("https://rp.example/", (), Names([address])).addresses == (address,)


def test_an_allowed_network_opens_itself_and_no_disguise_of_it() -> None:
    allowed = _networks("10.20.0.0/16", "fd00::/8")
    for address in ("10.20.1.1", "fd00::1"):
        assert check_url("https://rp.example/", allowed, Names([address])).addresses == (address,)
    for address in ("10.21.1.1", "::ffff:10.20.1.1", "64:ff9b::a14:101", "2002:a14:101::1", "127.0.0.1"):
        with pytest.raises(Forbidden, match="address"):
            check_url("https://rp.example/", allowed, Names([address]))


def test_names_that_resolve_to_this_machine_reach_nobody(plain: FarMachine) -> None:
    """By the resolver of the system."""
    http = OutboundHttp()
    for host in ("localhost", "localhost.", "127.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::]"):
        for scheme in ("https", "http"):
            refused(http, f"{scheme}://{host}:{plain.port}/")
    assert plain.seen == []


@pytest.mark.parametrize(
    "host",
    ["2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "0x7F.0.0.0x1",
     "127.0.0.0x1", "127.0.0.1.", "0", "0x", "00000000000000000177.1", "127.0.0.01"],
)  # fmt: skip
def test_old_spellings_of_an_address_are_no_host_even_where_loopback_is_allowed(
    plain: FarMachine, host: str
) -> None:
    refused(OutboundHttp(LOOPBACK), f"http://{host}:{plain.port}/")
    refused(OutboundHttp(), f"http://{host}:{plain.port}/")
    assert plain.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rp.example",
        "//rp.example/",
        "ftp://rp.example/",
        "file:///etc/passwd",
        "gopher://rp.example/",
        "HTTPS://rp.example/",
        "https:rp.example",
        "https:///rp.example",
        "https://",
        "https:// rp.example/",
        "https://rp.example /",
        "https://rp.example/ x",
        "https://rp.example/\r\nX: y",
        "https://rp.example\t/",
        "https://rp.example/é",
        "https://évil.example/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://user@rp.example/",
        "https://user:pass@rp.example/",
        "https://rp.example@127.0.0.1/",
        "https://127.0.0.1@rp.example/",
        "https://rp.example\\@127.0.0.1/",
        "https://rp.example\\.evil.example/",
        "https://rp.example/#@127.0.0.1/",
        "https://rp.example#@127.0.0.1/",
        "https://rp.example%2f@127.0.0.1/",
        "https://rp.example%00/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[fe80::1%25lo]/",
        "https://[v1.x]/",
        "https://[127.0.0.1]/",
        "https://[12345::]/",
        "https://rp.example:/",
        "https://rp.example:0/",
        "https://rp.example:65536/",
        "https://rp.example:-1/",
        "https://rp.example:443:80/",
        "https://rp.example:4 3/",
        "https://rp.example:٤٤٣/",
        "https://.../",
        "https://rp.example/" + "a" * 2048,
        "https://" + "a" * 300 + ".example/",
    ],
)
def test_a_url_of_another_form_is_not_even_resolved(url: str) -> None:
    names = Names(["8.8.8.8"])
    with pytest.raises(NoUsableAnswer):
        OutboundHttp(resolve=names).get(url, {})
    assert names.asked == []


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_follows_the_scheme_nobody_but_the_named_host_is_resolved(rest: str) -> None:
    names = Names(["127.0.0.1"])
    with pytest.raises(Forbidden):
        check_url(f"https://{rest}", (), names)
    assert all(rest.lower().lstrip("[").startswith(host.lower()) for host, _port in names.asked)


@given(st.ip_addresses(v=6))
def test_no_address_outside_global_unicast_is_of_the_internet(address: ipaddress.IPv6Address) -> None:
    assert not is_internet(address) or int(address) >> 125 == 1


# What changes between the check and the call.


def test_a_name_is_resolved_once_so_a_second_answer_changes_nothing(plain: FarMachine) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with far_machine(address="127.0.0.2") as inside:
        OutboundHttp(LOOPBACK, resolve=names).get(f"http://localhost:{plain.port}/", {})
        assert names.asked == [("localhost", plain.port)]
        assert len(plain.seen) == 1
        assert inside.seen == []


def test_each_call_is_checked_again(plain: FarMachine) -> None:
    """Rebinding from one call to the next: the first answer, public, takes no connection here."""
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    http = OutboundHttp(LOOPBACK, resolve=names)
    url = f"http://localhost:{plain.port}/"
    assert http.get(url, {}).status == 200
    refused(http, url)
    assert len(names.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_only_a_status(plain: FarMachine, status: int) -> None:
    with far_machine() as inside:
        for address in (f"http://127.0.0.1:{inside.port}/", f"//127.0.0.1:{inside.port}/"):
            plain.reply = say(b"", status, Location=address)
            for call in (_get, _post):
                assert call(OutboundHttp(LOOPBACK), f"http://127.0.0.1:{plain.port}/") == status
        assert inside.seen == []


def test_the_environment_changes_nothing(plain: FarMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    with far_machine() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert OutboundHttp(LOOPBACK).get(f"http://127.0.0.1:{plain.port}/", {}).status == 200
        assert proxy.seen == []


# What lasts, and what is large.


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    released = threading.Event()

    def silent(host: str, port: int) -> Sequence[str]:
        released.wait(10)
        return ["8.8.8.8"]

    refused(OutboundHttp(resolve=silent, total_seconds=0.2), "https://rp.example/")
    released.set()


@pytest.mark.parametrize("fault", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_name_that_cannot_be_resolved_gives_no_usable_answer(fault: Exception) -> None:
    def failing(host: str, port: int) -> Sequence[str]:
        raise fault

    refused(OutboundHttp(resolve=failing), "https://rp.example/")
    refused(OutboundHttp(resolve=Names([])), "https://rp.example/")


def test_a_body_beyond_its_bound_or_without_end_gives_no_usable_answer(plain: FarMachine) -> None:
    url = f"http://127.0.0.1:{plain.port}/"
    plain.reply = say(b"[" + b"1," * 500 + b"1]")
    refused(OutboundHttp(LOOPBACK, body_bytes=1000), url)
    plain.reply = lambda handler: (plain.stopping.wait(4), None)[1]
    refused(OutboundHttp(LOOPBACK, total_seconds=0.2), url)


def test_a_handshake_that_never_ends_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        refused(OutboundHttp(LOOPBACK, total_seconds=0.2), f"https://localhost:{port}/")


def test_the_resolver_of_the_system_gives_each_address_once() -> None:
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]
    assert "127.0.0.1" in resolve("localhost", 443)


@pytest.mark.parametrize("network", ["10.0.0.1/8", "loopback", "", "300.0.0.0/8"])
def test_a_network_that_is_none_stops_the_start(network: str) -> None:
    with pytest.raises(ValueError, match="network|IP|does not appear|host bits"):
        OutboundHttp([network])


def _networks(*texts: str) -> list[Any]:
    return [ipaddress.ip_network(text) for text in texts]


def _get(http: OutboundHttp, url: str) -> int:
    return http.get(url, {}).status


def _post(http: OutboundHttp, url: str) -> int:
    return http.post_form(url, "logout_token=x", {}).status
