import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import Cli

PATHS = {"/latest/meta-data/instance-type": "m5.large", "/latest/meta-data/placement/region": "eu-west-1"}


@contextmanager
def metadata_service(*, version: int) -> Iterator[str]:
    """IMDSv2, or a service that only knows version 1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            wanted = self.path == "/latest/api/token" and "x-aws-ec2-metadata-token-ttl-seconds" in self.headers
            self.reply("secret" if wanted and version == 2 else None)

        def do_GET(self) -> None:
            allowed = version == 1 or self.headers.get("x-aws-ec2-metadata-token") == "secret"
            self.reply(PATHS.get(self.path) if allowed else None)

        def reply(self, body: str | None) -> None:
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _metadata_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")


def test_the_machines_own_type_is_asked_for_with_a_token(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with metadata_service(version=2) as url:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        assert cli("max-pods", "--instance-type-from-imds").out == "29\n"


def test_a_service_without_version_2_is_not_believed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with metadata_service(version=1) as url:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)
        outcome = cli("max-pods", "--instance-type-from-imds")
    assert (outcome.code, outcome.out) == (3, "")
    assert "(IMDSv2) did not answer" in outcome.err


def test_off_ec2_there_is_one_line_within_seconds(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    outcome = cli("max-pods", "--instance-type-from-imds")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "give --instance-type instead" in outcome.err
