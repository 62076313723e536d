"""Launch templates: the AWS CLI's JSON, and Terraform with the variables of terraform-aws-modules/eks.

Source: EC2 API, CreateLaunchTemplate; terraform-aws-modules/terraform-aws-eks, modules/_user_data.
"""

import json
from base64 import b64encode
from enum import StrEnum

from cni_plan.errors import InputError
from cni_plan.snippets.quoting import hcl_heredoc, hcl_string

MOST_USER_DATA_BYTES = 16 * 1024
"""EC2's limit, before base64."""


class Family(StrEnum):
    """The node family whose user data a launch template carries."""

    NODEADM = "nodeadm"
    BOOTSTRAP = "bootstrap"
    BOTTLEROCKET = "bottlerocket"
    WINDOWS = "windows"


def check_size(data: bytes, *, gzipped: bool) -> None:
    """Refuse user data that EC2 would refuse.

    Raises:
        InputError: It is larger than 16 KiB.
    """
    if len(data) > MOST_USER_DATA_BYTES:
        way_out = "" if gzipped else ": --format launch-template --gzip makes it smaller"
        raise InputError(f"user data of {len(data)} bytes is more than EC2's {MOST_USER_DATA_BYTES}{way_out}")


def encode(text: str, *, gzipped: bool) -> str:
    """User data in base64, gzipped first where that is asked for.

    Raises:
        InputError: It is larger than EC2 takes.
    """
    import gzip

    data = text.encode()
    if gzipped:
        data = gzip.compress(data, mtime=0)
    check_size(data, gzipped=gzipped)
    return b64encode(data).decode()


def launch_template(text: str, *, name: str, gzipped: bool) -> str:
    """`aws ec2 create-launch-template --cli-input-json`."""
    body = {"LaunchTemplateName": name, "LaunchTemplateData": {"UserData": encode(text, gzipped=gzipped)}}
    return json.dumps(body, indent=2) + "\n"


def terraform(text: str, module_text: str, family: Family, *, name: str, made_by: str) -> str:
    """An `aws_launch_template`, and the same for the module's node groups.

    Args:
        text: The user data.
        module_text: What the module takes for the family: a NodeConfig, bootstrap arguments or settings.
        family: The node family.
        name: The launch template's name.
        made_by: The command that made the text.
    """
    check_size(text.encode(), gzipped=False)
    resource = (
        f"# {made_by}\n"
        'resource "aws_launch_template" "nodes" {\n'
        f"  name_prefix = {hcl_string(f'{name}-')}\n"
        f"  user_data = base64encode({hcl_heredoc(text)}\n"
        "  )\n"
        "}\n"
    )
    note = "# Or, with terraform-aws-modules/eks, as arguments of a node group:\n"
    return f"{resource}\n{note}{_module(module_text, family)}"


def _module(text: str, family: Family) -> str:
    if family is Family.NODEADM:
        return (
            "locals {\n"
            "  eks_node_group = {\n"
            "    cloudinit_pre_nodeadm = [{\n"
            '      content_type = "application/node.eks.aws"\n'
            f"      content      = {hcl_heredoc(text)}\n"
            "    }]\n"
            "  }\n"
            "}\n"
        )
    return (
        "locals {\n"
        "  eks_node_group = {\n"
        "    enable_bootstrap_user_data = true\n"
        f"    bootstrap_extra_args       = {hcl_heredoc(text)}\n"
        "  }\n"
        "}\n"
    )
