"""aws-node as someone configured it: its variables by container, and what is wrong with the manifest around them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cni_plan.engine.cni import NEWEST_CNI_VERSION, CniSettings, Version
from cni_plan.engine.variables import ADDON_DEFAULTS, settings_from_variables


class Form(StrEnum):
    """What the configuration was read from."""

    DAEMON_SET = "DaemonSet"
    ADDON = "add-on configuration"
    CONFIG_MAP = "ConfigMap"
    VARIABLES = "variables"


@dataclass(frozen=True, slots=True)
class ManifestFault:
    """A value of the wrong type in a manifest: where it stands and what it is."""

    path: str
    value: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsNode:
    """A configuration of aws-node.

    Attributes:
        form: What it was read from.
        variables: The variables of the container aws-node; None where the value comes from a field or a secret.
        init_variables: Those of the init container; None where the source has no init container of its own.
        cni_version: The release, by the image's tag; None where it is not told.
        network_policy: Whether network policies are enforced; None where it is not told.
        duplicates: Variables that stand more than once.
        faults: Values of the wrong type.
        settings_map: A ConfigMap's data (Windows).
    """

    form: Form
    variables: Mapping[str, str | None] = field(default_factory=dict)
    init_variables: Mapping[str, str | None] | None = None
    cni_version: Version | None = None
    network_policy: bool | None = None
    duplicates: tuple[str, ...] = ()
    faults: tuple[ManifestFault, ...] = ()
    settings_map: Mapping[str, str] = field(default_factory=dict)

    def effective_variables(self) -> dict[str, str]:
        """The variables that are in force: a DaemonSet's own, else those given over the add-on's defaults."""
        own = {name: value for name, value in self.variables.items() if value is not None}
        return own if self.form is Form.DAEMON_SET else {**ADDON_DEFAULTS, **own}

    def settings(self, cni_version: Version | None = None) -> CniSettings:
        """The settings as ipamd reads them.

        Args:
            cni_version: Overrides what the configuration says of its release.
        """
        version = cni_version or self.cni_version or NEWEST_CNI_VERSION
        return settings_from_variables(self.effective_variables(), version)
