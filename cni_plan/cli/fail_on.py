"""From which severity of findings on a command ends with 1."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from cni_plan.engine.findings import Finding, Severity


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"

    def exit_code(self, findings: Iterable[Finding]) -> int:
        """1 where a finding is as severe or worse."""
        if self is FailOn.NEVER:
            return 0
        severities = [severity.value for severity in Severity]
        counted = severities[: severities.index(self.value) + 1]
        return int(any(finding.severity.value in counted for finding in findings))


FailOnOption = Annotated[FailOn, typer.Option("--fail-on", help="Severity from which on the exit code is 1.")]
