"""The vpc-cni add-on's configuration for the tools that set it."""

import json
from typing import Any

from cni_plan.engine.addon_values import AddonValues
from cni_plan.snippets.quoting import hcl_string, shell_word

ADDON_NAME = "vpc-cni"
SET_ENV = "kubectl set env daemonset/aws-node --namespace kube-system --containers"


def configuration(values: AddonValues) -> dict[str, Any]:
    """The add-on's configuration values, also the chart's: `env` and `init.env`, all strings."""
    body: dict[str, Any] = {}
    if values.env:
        body["env"] = dict(values.env)
    if values.init_env:
        body["init"] = {"env": dict(values.init_env)}
    return body


def as_json(values: AddonValues) -> str:
    """For `--configuration-values file://...`."""
    return json.dumps(configuration(values), indent=2, ensure_ascii=False) + "\n"


def helm(values: AddonValues, *, made_by: str) -> str:
    """A values file of the chart aws-vpc-cni."""
    import yaml

    return f"# {made_by}\n" + str(yaml.safe_dump(configuration(values), allow_unicode=True, width=4096))


def aws_cli(values: AddonValues, *, cluster_name: str) -> str:
    """`aws eks update-addon`."""
    text = json.dumps(configuration(values), ensure_ascii=False)
    return (
        f"aws eks update-addon --cluster-name {shell_word(cluster_name)} --addon-name {ADDON_NAME} "
        f"--resolve-conflicts OVERWRITE --configuration-values {shell_word(text)}\n"
    )


def kubectl(values: AddonValues) -> str:
    """`kubectl set env` for each container of the DaemonSet."""
    lines = []
    for container, variables in (("aws-node", values.env), ("aws-vpc-cni-init", values.init_env)):
        if variables:
            words = " ".join(shell_word(f"{name}={value}") for name, value in variables.items())
            lines.append(f"{SET_ENV} {container} {words}\n")
    return "".join(lines)


def terraform(values: AddonValues, *, cluster_name: str, made_by: str) -> str:
    """An `aws_eks_addon` resource, formatted as `terraform fmt` does."""
    blocks = []
    for name, variables in configuration(values).items():
        inner = variables["env"] if name == "init" else variables
        width = max(map(len, inner))
        pad = "      " if name == "init" else "    "
        entries = "".join(f"{pad}  {key:<{width}} = {hcl_string(value)}\n" for key, value in inner.items())
        if name == "init":
            blocks.append(f"    init = {{\n      env = {{\n{entries}      }}\n    }}\n")
        else:
            blocks.append(f"    env = {{\n{entries}    }}\n")
    inside = f"\n{''.join(blocks)}  " if blocks else ""
    return (
        f"# {made_by}\n"
        'resource "aws_eks_addon" "vpc_cni" {\n'
        f"  cluster_name                = {hcl_string(cluster_name)}\n"
        f"  addon_name                  = {hcl_string(ADDON_NAME)}\n"
        '  resolve_conflicts_on_update = "OVERWRITE"\n'
        "\n"
        f"  configuration_values = jsonencode({{{inside}}})\n"
        "}\n"
    )


def cloudformation(values: AddonValues, *, cluster_name: str) -> str:
    """A template with an `AWS::EKS::Addon`, as JSON."""
    properties = {
        "AddonName": ADDON_NAME,
        "ClusterName": cluster_name,
        "ConfigurationValues": json.dumps(configuration(values), ensure_ascii=False),
        "ResolveConflicts": "OVERWRITE",
    }
    resource = {"VpcCni": {"Type": "AWS::EKS::Addon", "Properties": properties}}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resource}
    return json.dumps(template, indent=2, ensure_ascii=False) + "\n"


def eksctl_addon(values: AddonValues) -> dict[str, Any]:
    """The add-on's entry in an eksctl ClusterConfig."""
    entry: dict[str, Any] = {"name": ADDON_NAME, "version": "latest", "resolveConflicts": "overwrite"}
    body = configuration(values)
    if body:
        entry["configurationValues"] = json.dumps(body, indent=2, ensure_ascii=False)
    return entry


def eksctl(values: AddonValues, *, cluster_name: str, region: str, made_by: str) -> str:
    """A ClusterConfig with the add-on, for `eksctl update addon`."""
    import yaml

    body = {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": cluster_name, "region": region},
        "addons": [eksctl_addon(values)],
    }
    return f"# {made_by}\n" + str(yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=4096))
