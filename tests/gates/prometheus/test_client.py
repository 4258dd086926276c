"""Only a whole answer is an answer; who we are is proved by token, password or certificate, and never shown"""

from __future__ import annotations

import datetime as dt
import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deployer.errors import StepFailed, Unreachable
from deployer.gates.prometheus.client import Client, read
from deployer.settings.source import SourceValues
from tests.gates.prometheus.parts import served

ADDRESS = "127.40.2.1"
URL = f"https://{ADDRESS}:9443"
VECTOR = {"resultType": "vector", "result": [{"metric": {"le": "1"}, "value": [10.5, "3"]}]}


def answer(**told: object) -> bytes:
    return json.dumps({"status": "success", "data": VECTOR, **told}).encode()


def test_a_whole_answer() -> None:
    (one,) = read(200, "OK", answer(warnings=[], infos=["fine"]), "u")
    assert (one.labels, one.points) == ({"le": "1"}, ((10.5, 3.0),))


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (200, answer(warnings=["store dc2 is gone"]), "warns: store dc2 is gone"),
        (200, answer(isPartial=True), "a part of the data only"),
        (200, answer(data={"resultType": "vector", "result": [{"metric": {}}]}), "cannot be read"),
        (200, answer(data={"resultType": "streams", "result": []}), "cannot be read"),
        (200, b"<html>login</html>", "not what a Prometheus says"),
        (200, b"[]", "not what a Prometheus says"),
        (400, b'{"status":"error","errorType":"bad_data","error":"parse error"}', "bad_data: parse error"),
        (503, b"upstream is down", "503 Nope, and not what"),
        (302, b"", "sends us elsewhere"),
        (401, b"", "refuses us: 401"),
    ],
)
def test_anything_else_is_a_complaint(code: int, body: bytes, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        read(code, "Nope", body, "u")


class Gatekeeper(BaseHTTPRequestHandler):
    """Answers whoever shows what its server wants, with what it heard."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Door)
        server.heard = {name: self.headers[name] or "" for name in ("Authorization", "X-Scope-OrgID")}
        server.form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        known = not server.wants or self.headers["Authorization"] == server.wants
        body = answer()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(body) + server.missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Door(ThreadingHTTPServer):
    wants = ""
    missing = 0
    form = ""
    heard: dict[str, str]

    def handle_error(self, request: object, client_address: object) -> None:
        """TLS that fails is what the tests are about."""


class Papers:
    """A small authority, and what it signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._signed("ca", self._key, None)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def issue(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self._signed(name, key, self._ca)
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / f"{name}.key").write_bytes(pem)

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, ca: x509.Certificate | None) -> x509.Certificate:
        called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(called)
            .issuer_name(ca.subject if ca else called)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        (self.folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return made


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    found = Papers(tmp_path_factory.mktemp("papers"))
    found.issue("server")
    found.issue("client")
    return found


@pytest.fixture
def door(papers: Papers) -> Iterator[Door]:
    """TLS in both directions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers.path("server.pem"), papers.path("server.key"))
    context.load_verify_locations(papers.path("ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    server = Door((ADDRESS, 9443), Gatekeeper)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with served(server):
        yield server


def client(papers: Papers, **more: object) -> Client:
    known = {"certificate": papers.path("client.pem"), "key": papers.path("client.key"), "ca": papers.path("ca.pem")}
    told = {"kind": "prometheus", "url": URL, "queries": ["shop"], "timeout": 5, **known, **more}
    return Client(URL, SourceValues.model_validate(told))


def test_a_certificate_opens(papers: Papers, door: Door) -> None:
    assert client(papers, headers={"X-Scope-OrgID": "shop"}).instant("up", 1.0)[0].last == 3
    assert door.heard["X-Scope-OrgID"] == "shop"
    assert "partial_response=false" in door.form
    assert "deny_partial_response=1" in door.form


def test_without_it_or_with_a_strange_server_the_door_stays_shut(papers: Papers, door: Door) -> None:
    with pytest.raises(Unreachable):
        client(papers, certificate="", key="").instant("up", 1.0)
    with pytest.raises(Unreachable, match=r"TLS: .*certificate"):
        client(papers, ca="").instant("up", 1.0)
    with pytest.raises(StepFailed, match=r"nowhere\.pem cannot be read"):
        client(papers, ca="/nowhere.pem").instant("up", 1.0)


def test_a_token_is_read_anew_each_time_and_never_shown(papers: Papers, door: Door, tmp_path: Path) -> None:
    door.wants = "Bearer s3cret"
    token = tmp_path / "token"
    token.write_text("old\n")
    asking = client(papers, token_file=str(token))
    with pytest.raises(StepFailed, match="refuses us: 401") as refused:
        asking.instant("up", 1.0)
    assert "old" not in str(refused.value) + repr(asking)
    token.write_text("s3cret\n")
    assert asking.instant("up", 1.0)
    token.write_text("two\nlines")
    with pytest.raises(StepFailed, match="empty, or more than one line") as refused:
        asking.instant("up", 1.0)
    assert "two" not in str(refused.value)


def test_basic_and_the_environment(papers: Papers, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.wants = "Basic b3BzOnMzY3JldA=="
    asking = client(papers, user="ops", password_env="PROM_PASSWORD")
    monkeypatch.delenv("PROM_PASSWORD", raising=False)
    with pytest.raises(StepFailed, match="the environment has no PROM_PASSWORD"):
        asking.instant("up", 1.0)
    monkeypatch.setenv("PROM_PASSWORD", "s3cret")
    assert asking.instant("up", 1.0)


def test_netrc_is_not_asked(papers: Papers, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """requests would put its password in place of our token."""
    (tmp_path / "netrc").write_text(f"machine {ADDRESS} login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client(papers).instant("up", 1.0)
    assert not door.heard["Authorization"]


def test_an_answer_that_ends_early_is_none(papers: Papers, door: Door) -> None:
    door.missing = 10
    with pytest.raises(Unreachable, match="no answer within 1 s"):
        client(papers, timeout=1).instant("up", 1.0)
