"""What the tests share: the command line in this process and as a program, and outside programs when they are there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from cni_plan.cli.app import run
from tests.support import Cli, Outcome, missing_program


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the machine's AWS settings, tables or home."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CNI_PLAN_")) and name != "AWS_CA_BUNDLE":
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run the command line in this process."""

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["cni-plan", *arguments])
        capfd.readouterr()
        code = run(arguments)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def program() -> Cli:
    """Run the command line as a program of its own."""

    def call(*arguments: str, timeout: float = 60, **options: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "cni_plan", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            input=options.get("stdin"),
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def tool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an outside program on a text; skips with its name where it is not installed."""

    def call(name: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        if shutil.which(name) is None:
            missing_program(name)
        return subprocess.run([name, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60)

    return call


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """An EC2 endpoint on this machine: moto's server, with EC2's recorded instance types."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that any endpoint of the tests accepts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
