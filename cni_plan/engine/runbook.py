"""What someone does step by step: why, with which commands, how to see that it worked, and how to go back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookStep:
    """One step.

    Attributes:
        title: What is done.
        why: Why, and what to look out for.
        commands: Commands for a shell; empty where there are none.
        files: Names and texts of files that the commands need.
        verify: Commands that only read, to see that it worked.
        expect: What they show then.
        back: How to go back from here.
        back_commands: Commands for that.
    """

    title: str
    why: str
    commands: str = ""
    files: tuple[tuple[str, str], ...] = ()
    verify: str = ""
    expect: str = ""
    back: str = ""
    back_commands: str = ""
