"""Capacity planning for the AWS VPC CNI on Amazon EKS.

The names below are the public library. They are imported on first use (PEP 562), so that importing the package
costs nothing:

    >>> from cni_plan import load_catalog, max_pods
    >>> max_pods(load_catalog()["t3.large"]).max_pods
    35
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "Catalog": "cni_plan.catalog",
    "Cluster": "cni_plan.engine.cluster",
    "ClusterVerdict": "cni_plan.engine.cluster_verdict",
    "CniPlanError": "cni_plan.errors",
    "CniSettings": "cni_plan.engine.cni",
    "InstanceType": "cni_plan.catalog",
    "PodLimits": "cni_plan.engine.max_pods",
    "Provisioner": "cni_plan.engine.provisioner",
    "Subnet": "cni_plan.engine.subnets",
    "SubnetReport": "cni_plan.engine.subnets",
    "effective_max_pods": "cni_plan.engine.provisioners",
    "load_catalog": "cni_plan.catalog",
    "max_pods": "cni_plan.engine.max_pods",
    "plan_cluster": "cni_plan.engine.cluster_verdict",
    "plan_subnet": "cni_plan.engine.subnets",
}

__all__ = [
    "Catalog",
    "Cluster",
    "ClusterVerdict",
    "CniPlanError",
    "CniSettings",
    "InstanceType",
    "PodLimits",
    "Provisioner",
    "Subnet",
    "SubnetReport",
    "__version__",
    "effective_max_pods",
    "load_catalog",
    "max_pods",
    "plan_cluster",
    "plan_subnet",
]

if TYPE_CHECKING:
    from cni_plan.catalog import Catalog, InstanceType, load_catalog
    from cni_plan.engine.cluster import Cluster
    from cni_plan.engine.cluster_verdict import ClusterVerdict, plan_cluster
    from cni_plan.engine.cni import CniSettings
    from cni_plan.engine.max_pods import PodLimits, max_pods
    from cni_plan.engine.provisioner import Provisioner
    from cni_plan.engine.provisioners import effective_max_pods
    from cni_plan.engine.subnets import Subnet, SubnetReport, plan_subnet
    from cni_plan.errors import CniPlanError


def __getattr__(name: str) -> object:
    """Import a public name from its module the first time it is asked for."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
