"""The command line: one thin module for each command."""

import gc


def main() -> int:
    """Run the program and return its exit code; the console script's entry."""
    # Imports make many objects and no garbage: looking for some while they run, and once more at exit, is a fifth of a
    # short command's time. The collector is back at work before the command itself starts.
    gc.disable()
    from cni_plan.cli.app import run

    return run()
