import os
import subprocess
import sys

import pytest

from cni_plan import __version__
from cni_plan.cli.app import COMMANDS
from tests.support import Cli


def test_the_version_is_the_packages(cli: Cli) -> None:
    assert cli("--version").out == f"cni-plan {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_lists_every_command(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 0
    listed = {line.split()[0] for line in outcome.out.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed == set(COMMANDS)


HELP_PAGES = (
    [(name,) for name in COMMANDS]
    + [("catalog", name) for name in ("list", "show", "diff", "refresh")]
    + [("subnet", name) for name in ("map", "snapshot")]
)


@pytest.mark.parametrize("command", HELP_PAGES, ids=" ".join)
def test_every_option_is_described_within_80_columns(cli: Cli, command: tuple[str, ...]) -> None:
    lines = cli(*command, "-h").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"Usage: cni-plan {' '.join(command)} [OPTIONS]")


def test_a_misspelt_command_is_answered_with_the_nearest(cli: Cli) -> None:
    outcome = cli("max-pod")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "cni-plan: error: No such command 'max-pod'. Did you mean 'max-pods'? (see cni-plan --help)\n"


def complete(words: str) -> list[str]:
    """What bash offers for the last of the words."""
    environment = os.environ | {
        "_CNI_PLAN_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cni_plan"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_shell_completes_commands_and_instance_types() -> None:
    assert complete("cni-plan ma") == ["max-pods"]
    assert complete("cni-plan max-pods -t t3.m") == ["t3.medium", "t3.micro"]
    assert complete("cni-plan max-pods -t t3.nano,t3a.x") == ["t3.nano,t3a.xlarge"]
    assert complete("cni-plan catalog show m5.metal") == ["m5.metal"]


@pytest.mark.parametrize(
    ("term", "no_color", "bold"), [("xterm", "", True), ("dumb", "", False), ("xterm", "1", False)]
)
def test_a_terminal_gets_bold_unless_it_declines(
    term: str, no_color: str, bold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cni_plan.cli.output import stdout_screen

    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", no_color)
    screen = stdout_screen()
    assert screen.width == 80
    assert (screen.bold("x") == "\x1b[1mx\x1b[0m") is bold
