"""Console sessions as text: `$ command`, then what it prints on stdout, then `[exit N]` where N is not 0."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_EXIT = re.compile(r"\[exit (\d+)\]")


@dataclass(frozen=True)
class Step:
    """One command of a session."""

    command: str
    output: str
    code: int


def parse_session(text: str) -> list[Step]:
    """Take a session apart; a command goes on over lines that start with `> `."""
    steps: list[Step] = []
    command: list[str] = []
    output: list[str] = []

    def finish() -> None:
        if command:
            exit_line = _EXIT.fullmatch(output[-1]) if output else None
            shown = output[:-1] if exit_line else output
            steps.append(Step("\n".join(command), "\n".join(shown).rstrip("\n"), int(exit_line[1]) if exit_line else 0))

    for line in text.rstrip("\n").split("\n"):
        if line.startswith("$ "):
            finish()
            command, output = [line[2:]], []
        elif line.startswith("> ") and not output:
            command.append(line[2:])
        else:
            output.append(line)
    finish()
    return steps


def run_step(step: Step, directory: Path) -> Step:
    """Run a command of a session in a shell that has cni-plan, as a user does; stderr is not part of the session."""
    shell = f'cni-plan() {{ "{sys.executable}" -m cni_plan "$@"; }}\n{step.command}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60, cwd=directory)
    return Step(step.command, done.stdout.rstrip("\n"), done.returncode)


def format_session(steps: list[Step]) -> str:
    """The text of a session; a golden is rewritten with it."""
    blocks = []
    for step in steps:
        command = step.command.replace("\n", "\n> ")
        end = f"[exit {step.code}]\n" if step.code else ""
        blocks.append(f"$ {command}\n{step.output}\n{end}" if step.output else f"$ {command}\n{end}")
    return "".join(blocks)
