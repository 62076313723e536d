"""The options of the warm pool, apart from the others so that `max-pods` need not load them."""

from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from cni_plan.cli.options import MOST, CniOptions
from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings
from cni_plan.errors import InputError


class WarmOptions(NamedTuple):
    """ipamd's warm targets, named after aws-node's variables."""

    warm_eni_target: Annotated[
        int | None, typer.Option("--warm-eni-target", min=0, max=MOST, metavar="N", help="Spare ENIs.  [default: 1]")
    ] = None
    warm_ip_target: Annotated[
        int | None, typer.Option("--warm-ip-target", min=0, max=MOST, metavar="N", help="Spare addresses.")
    ] = None
    minimum_ip_target: Annotated[
        int | None, typer.Option("--minimum-ip-target", min=0, max=MOST, metavar="N", help="The floor of addresses.")
    ] = None
    warm_prefix_target: Annotated[
        int | None,
        typer.Option(
            "--warm-prefix-target",
            min=0,
            max=MOST,
            metavar="N",
            help="Spare prefixes; with prefix delegation 1 by default, as the add-on sets it.",
        ),
    ] = None

    def applied_to(self, cni: CniOptions) -> CniSettings:
        """The settings with these targets.

        Raises:
            InputError: As `CniOptions.settings`, or targets stand beside a manifest.
        """
        given = {name: value for name, value in self._asdict().items() if value is not None}
        settings = cni.settings()
        if cni.aws_node is None:
            if settings.prefix_delegation:
                given.setdefault("warm_prefix_target", ADDON_WARM_PREFIX_TARGET)
            return replace(settings, **given)
        if given:
            raise InputError("--aws-node says how the CNI is set up: leave the warm targets out")
        return settings
