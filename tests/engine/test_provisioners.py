from typing import Any

import pytest

from cni_plan import CniSettings, PodLimits, Provisioner, effective_max_pods, load_catalog
from cni_plan.engine.max_pods import LimitedBy, Mode
from cni_plan.engine.provisioner import ProvisionerOptions
from cni_plan.engine.provisioners import missing_reservation

CATALOG = load_catalog()
PREFIXES = CniSettings(prefix_delegation=True)


def ask(
    provisioner: Provisioner,
    *names: str,
    settings: CniSettings | None = None,
    options: ProvisionerOptions | None = None,
) -> list[PodLimits]:
    return effective_max_pods([CATALOG[name] for name in names], settings, provisioner, options)


def one(
    provisioner: Provisioner,
    name: str,
    settings: CniSettings | None = None,
    options: ProvisionerOptions | None = None,
) -> PodLimits:
    (limits,) = ask(provisioner, name, settings=settings, options=options)
    return limits


@pytest.mark.parametrize(
    ("provisioner", "secondary", "prefixes"),
    [
        (Provisioner.CALCULATOR, 29, 110),
        (Provisioner.MANAGED_NODE_GROUP, 29, 110),
        (Provisioner.AL2_BOOTSTRAP, 29, 29),  # the image's table knows no prefixes
        (Provisioner.NODEADM, 29, 29),
        (Provisioner.KARPENTER, 29, 29),
        (Provisioner.BOTTLEROCKET, 29, 29),
        (Provisioner.AUTO_MODE, 3 * (10 - 1), 3 * (10 - 1)),
        (Provisioner.FARGATE, 1, 1),
        (Provisioner.WINDOWS, 10 - 1, 110),  # (10 - 1) x 16 = 144 addresses, kubelet's default 110
    ],
)
def test_m5_large_by_who_sets_its_max_pods(provisioner: Provisioner, secondary: int, prefixes: int) -> None:
    assert one(provisioner, "m5.large").max_pods == secondary
    assert one(provisioner, "m5.large", PREFIXES).max_pods == prefixes


@pytest.mark.parametrize("provisioner", [Provisioner.AL2_BOOTSTRAP, Provisioner.NODEADM, Provisioner.BOTTLEROCKET])
def test_images_do_not_cap(provisioner: Provisioner) -> None:
    assert one(provisioner, "c5.4xlarge").max_pods == 8 * (30 - 1) + 2


def test_a_mixed_managed_group_gets_the_least_and_says_who_loses_what() -> None:
    nano, large, xlarge = ask(Provisioner.MANAGED_NODE_GROUP, "t3.small", "t3.large", "t3.xlarge")
    assert [limits.max_pods for limits in (nano, large, xlarge)] == [11, 11, 11]
    assert nano.limited_by is LimitedBy.IP_ADDRESSES
    assert large.limited_by is xlarge.limited_by is LimitedBy.MIXED_TYPES
    assert "loses 24 of 35 pods: t3.small sets the group's max pods" in large.notes
    assert "loses 47 of 58 pods: t3.small sets the group's max pods" in xlarge.notes


def test_a_managed_group_ignores_what_the_user_sets() -> None:
    limits = one(
        Provisioner.MANAGED_NODE_GROUP, "t3.large", options=ProvisionerOptions(max_pods=200, show_max_allowed=True)
    )
    assert limits.max_pods == 35
    assert any(note.startswith("--max-pods has no effect") for note in limits.notes)
    assert any(note.startswith("--show-max-allowed has no effect") for note in limits.notes)


def test_user_data_beats_the_images_formula_and_leaves_its_reservation() -> None:
    limits = one(Provisioner.NODEADM, "m5.large", PREFIXES, options=ProvisionerOptions(max_pods=110))
    assert (limits.max_pods, limits.limited_by) == (110, LimitedBy.STATIC)
    # 11 x 29 + 255 = 574 stays, 11 x 110 + 255 = 1465 is wanted
    assert any("stays at the image's 574 MiB (for 29 pods): set it to 1465 MiB" in note for note in limits.notes)
    rocket = one(Provisioner.BOTTLEROCKET, "m5.large", PREFIXES, options=ProvisionerOptions(max_pods=110))
    assert not any("stays at" in note for note in rocket.notes)


def test_more_pods_than_addresses_are_pointed_out() -> None:
    limits = one(Provisioner.BOTTLEROCKET, "m5.large", options=ProvisionerOptions(max_pods=110))
    assert any("more than the node has addresses for (27 + 2 host-network pods)" in note for note in limits.notes)
    custom = one(Provisioner.AL2_BOOTSTRAP, "m5.large", CniSettings(custom_networking=True))
    assert any("set max pods to 20" in note for note in custom.notes)  # 2 x (10 - 1) + 2


@pytest.mark.parametrize(
    ("options", "expected", "limited_by"),
    [
        ({}, 3 * (10 - 1) + 2, LimitedBy.IP_ADDRESSES),
        ({"reserved_enis": 1}, 2 * (10 - 1) + 2, LimitedBy.IP_ADDRESSES),
        ({"reserved_enis": 1, "efa_only_enis": 1}, 1 * (10 - 1) + 2, LimitedBy.IP_ADDRESSES),
        ({"reserved_enis": 3}, 0, LimitedBy.IP_ADDRESSES),
        ({"reserved_enis": 99}, 0, LimitedBy.IP_ADDRESSES),
        ({"max_pods": 110}, 110, LimitedBy.STATIC),
        ({"pods_per_core": 5}, 5 * 2, LimitedBy.PODS_PER_CORE),
        ({"pods_per_core": 20}, 29, LimitedBy.IP_ADDRESSES),
        ({"pods_per_core": 0}, 29, LimitedBy.IP_ADDRESSES),
        ({"max_pods": 110, "pods_per_core": 20}, 20 * 2, LimitedBy.PODS_PER_CORE),
    ],
)
def test_karpenters_formula(options: dict[str, Any], expected: int, limited_by: LimitedBy) -> None:
    limits = one(Provisioner.KARPENTER, "m5.large", options=ProvisionerOptions(**options))
    assert (limits.max_pods, limits.limited_by) == (expected, limited_by)


def test_karpenter_is_told_what_it_does_not_see() -> None:
    limits = one(Provisioner.KARPENTER, "m5.large", CniSettings(prefix_delegation=True, custom_networking=True))
    assert any("does not consider prefix delegation" in note for note in limits.notes)
    assert any("reserved ENIs to 1" in note for note in limits.notes)
    both = one(
        Provisioner.KARPENTER,
        "m5.large",
        CniSettings(pod_eni=True, custom_networking=True),
        options=ProvisionerOptions(reserved_enis=2),
    )
    assert both.notes == ()


def test_auto_mode_is_capped_at_110_whatever_the_size() -> None:
    limits = one(Provisioner.AUTO_MODE, "m5.24xlarge", options=ProvisionerOptions(max_pods=250))
    assert (limits.max_pods, limits.limited_by) == (110, LimitedBy.CEILING)
    assert "no effect" in limits.notes[0]


def test_windows_has_one_eni_and_prefixes_only_on_nitro() -> None:
    assert one(Provisioner.WINDOWS, "t3.medium", PREFIXES).max_pods == (6 - 1) * 16
    xen = one(Provisioner.WINDOWS, "t2.medium", PREFIXES)
    assert (xen.max_pods, xen.mode) == (6 - 1, Mode.SECONDARY_IP)
    static = one(Provisioner.WINDOWS, "m5.24xlarge", PREFIXES, options=ProvisionerOptions(max_pods=250))
    assert (static.max_pods, static.limited_by) == (250, LimitedBy.STATIC)  # (50 - 1) x 16 = 784 addresses


def test_the_memory_finding_follows_the_value_that_counts() -> None:
    limits = one(Provisioner.KARPENTER, "t3.nano", PREFIXES, options=ProvisionerOptions(max_pods=34))
    assert limits.notes[-1] == "kube-reserved for 34 pods is 629 MiB of the node's 512 MiB"


def test_user_data_carries_a_reservation_only_above_the_images_own() -> None:
    answers = ask(Provisioner.CALCULATOR, "m5.large", "m5.xlarge")  # 29 and 58 by the image's table
    assert missing_reservation(answers, 29) is None
    assert missing_reservation(answers, 30) == "cpu=80m,ephemeral-storage=1Gi,memory=585Mi"  # 11 x 30 + 255
