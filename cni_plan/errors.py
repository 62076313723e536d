"""The errors cni-plan raises, each with the exit code the command line ends with."""

from typing import ClassVar


class CniPlanError(Exception):
    """Any failure that is reported to the user as one line; the message says what, where and what to do."""

    exit_code: ClassVar[int] = 2


class InputError(CniPlanError):
    """What the user gave is wrong: an option, a file, a value."""


class UnknownInstanceTypeError(InputError):
    """The table has no such instance type."""


class UnknownFigureError(InputError):
    """The table knows the instance type but not the figure the answer needs."""


class SourceError(CniPlanError):
    """A place facts come from or results go to failed: AWS, IMDS, the network, a full disk."""

    exit_code: ClassVar[int] = 3
