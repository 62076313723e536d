"""The program: finds the command, runs it, and turns every failure into one line and an exit code."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer._click.exceptions import ClickException  # the base of every usage error; public only from 0.27 on
from typer.core import TyperGroup

from cni_plan import __version__
from cni_plan.errors import CniPlanError

if TYPE_CHECKING:
    from typer._click import Command, Context

INTERRUPTED = 130
_LONGEST_MESSAGE = 1000

COMMANDS = {
    "plan": "cni_plan.cli.plan",
    "migrate": "cni_plan.cli.migrate",
    "max-pods": "cni_plan.cli.max_pods",
    "subnet": "cni_plan.cli.subnet",
    "simulate": "cni_plan.cli.simulate",
    "tune": "cni_plan.cli.tune",
    "recommend": "cni_plan.cli.recommend",
    "check": "cni_plan.cli.check",
    "user-data": "cni_plan.cli.user_data",
    "addon": "cni_plan.cli.addon",
    "catalog": "cni_plan.cli.catalog",
}


class _LazyGroup(TyperGroup):
    """Imports a command's module when the command is used, so that each start pays for one command only."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 # Typer's own
        super().__init__(**arguments)
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment] # names for Typer's suggestions

    def list_commands(self, ctx: object) -> list[str]:
        """The names, in the order of the help page."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> "Command | None":
        """The command, imported."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        if not gc.isenabled():
            # What the imports made lives until the end: no collection need look at it, the one at exit included.
            gc.freeze()
            gc.enable()
        return command


app = typer.Typer(cls=_LazyGroup, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def _print_version(value: bool) -> None:
    if value:
        print(f"cni-plan {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Capacity planner for the AWS VPC CNI on Amazon EKS: pods per node, addresses per subnet, user data."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns:
        0 done, and it fits; 1 done, with findings; 2 bad usage or input; 3 a source failed; 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app(args=given or ["--help"], prog_name="cni-plan", standalone_mode=False)
    except CniPlanError as error:
        return _fail(str(error), error.exit_code)
    except ClickException as error:
        return _fail(_with_hint(error), CniPlanError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    if result == INTERRUPTED:
        print("cni-plan: interrupted; nothing was changed", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _with_hint(error: ClickException) -> str:
    """What Typer says of a wrong command line, and where the right one is described."""
    context: Context | None = getattr(error, "ctx", None)
    path = context.command_path if context else "cni-plan"
    return f"{error.format_message().rstrip('.')} (see {path} --help)"


def _fail(message: str, code: int) -> int:
    from cni_plan.render.table import printable

    line = printable(" ".join(message.split()))
    if len(line) > _LONGEST_MESSAGE:
        line = f"{line[:_LONGEST_MESSAGE]}..."
    print(f"cni-plan: error: {line}", file=sys.stderr)
    return code
