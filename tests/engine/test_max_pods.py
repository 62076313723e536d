import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import InstanceType, load_catalog, max_pods
from cni_plan.engine.cni import CniSettings, IpFamily, parse_cni_version
from cni_plan.engine.max_pods import LimitedBy, Mode, ip_capacity, kube_reserved_cpu_millicores
from cni_plan.errors import InputError, UnknownFigureError

CATALOG = load_catalog()
PREFIXES = CniSettings(prefix_delegation=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("t3.nano", 2 * (2 - 1) + 2),
        ("t3.micro", 2 * (2 - 1) + 2),
        ("t3.small", 3 * (4 - 1) + 2),
        ("t3.medium", 3 * (6 - 1) + 2),
        ("t3.large", 3 * (12 - 1) + 2),
        ("t3.xlarge", 4 * (15 - 1) + 2),
        ("t3.2xlarge", 4 * (15 - 1) + 2),
        ("m5.large", 3 * (10 - 1) + 2),
        ("c5.4xlarge", 110),  # 8 x (30 - 1) + 2 = 234 allowed, 16 vCPUs
        ("m5.24xlarge", 250),  # 15 x (50 - 1) + 2 = 737 allowed, 96 vCPUs
    ],
)
def test_secondary_mode_gives_the_published_values(name: str, expected: int) -> None:
    assert max_pods(CATALOG[name]).max_pods == expected


@pytest.mark.parametrize(
    ("name", "capped", "allowed"),
    [
        ("t3.large", 110, 3 * (12 - 1) * 16 + 2),
        ("t3.nano", 34, 2 * (2 - 1) * 16 + 2),
        ("m5.24xlarge", 250, 15 * (50 - 1) * 16 + 2),
    ],
)
def test_prefix_mode_holds_sixteen_addresses_a_slot(name: str, capped: int, allowed: int) -> None:
    limits = max_pods(CATALOG[name], PREFIXES)
    assert (limits.mode, limits.max_pods, limits.max_allowed) == (Mode.PREFIX_DELEGATION, capped, allowed)
    assert max_pods(CATALOG[name], PREFIXES, show_max_allowed=True).max_pods == allowed


def test_only_the_default_cards_enis_count() -> None:
    # four cards of 15 would give 60 x (50 - 1) + 2 = 2942
    assert max_pods(CATALOG["dl1.24xlarge"], show_max_allowed=True).max_pods == 15 * (50 - 1) + 2


def script(info: dict[str, Any], version: str, flags: frozenset[str], max_eni: int | None) -> int:
    """max-pods-calculator.sh, step by step, on EC2's own answer: the contract, written a second time."""
    network = info["NetworkInfo"]
    enis = network["NetworkCards"][network["DefaultNetworkCardIndex"]]["MaximumNetworkInterfaces"]
    if max_eni is not None and max_eni < enis:
        enis = max_eni
    if "custom" in flags:
        enis -= 1
    major, minor = (int(part) for part in version.split(".")[:2])
    supported = major > 1 or (major == 1 and minor > 8)
    per_slot = 16 if "prefix" in flags and supported and info.get("Hypervisor") == "nitro" else 1
    pods = int(enis * (network["Ipv4AddressesPerInterface"] - 1) * per_slot + 2)
    if "allowed" in flags:
        return pods
    return min(pods, 250 if info["VCpuInfo"]["DefaultVCpus"] > 30 else 110)


FLAGS = [frozenset(flags) for n in range(4) for flags in itertools.combinations(("custom", "prefix", "allowed"), n)]


@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: "+".join(sorted(flags)) or "none")
@pytest.mark.parametrize("version", ["1.8.0", "1.9.0", "1.23.1", "2.0.0"])
@pytest.mark.parametrize("max_eni", [None, 1, 3, 99])
def test_every_recorded_type_gets_the_scripts_integer(flags: frozenset[str], version: str, max_eni: int | None) -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    settings = CniSettings(
        cni_version=parse_cni_version(version),
        custom_networking="custom" in flags,
        prefix_delegation="prefix" in flags,
        max_eni=max_eni,
    )
    rows = {row.instance_type: row for row in CATALOG}
    expected = {name: script(info, version, flags, max_eni) for name, info in INSTANCE_TYPES.items()}
    answers = {name: max_pods(rows[name], settings, show_max_allowed="allowed" in flags).max_pods for name in expected}
    assert answers == expected
    assert len(expected) > 1390


def test_exactly_thirty_vcpus_have_the_lower_ceiling() -> None:
    def ceiling(vcpus: int) -> int | None:
        return max_pods(InstanceType("x1.test", vcpus, max_enis=15, ipv4_per_eni=50)).ceiling

    assert [ceiling(vcpus) for vcpus in (1, 30, 31, 448)] == [110, 110, 250, 250]


def test_the_binding_constraint_is_named() -> None:
    assert max_pods(CATALOG["t3.large"]).limited_by is LimitedBy.IP_ADDRESSES
    assert max_pods(CATALOG["t3.large"], PREFIXES).limited_by is LimitedBy.CEILING
    assert max_pods(CATALOG["t3.large"], PREFIXES, show_max_allowed=True).limited_by is LimitedBy.IP_ADDRESSES


def test_prefixes_that_are_not_in_force_are_said_so() -> None:
    old = CniSettings(prefix_delegation=True, cni_version=(1, 8, 0))
    for name, settings in (("t2.micro", PREFIXES), ("m5.metal", PREFIXES), ("t3.large", old)):
        limits = max_pods(CATALOG[name], settings)
        assert limits.mode is Mode.SECONDARY_IP
        assert "secondary IPs" in limits.notes[0]


def test_ipamd_attaches_prefixes_to_bare_metal_where_the_script_does_not() -> None:
    metal = CATALOG["m5.metal"]
    assert max_pods(metal, PREFIXES, show_max_allowed=True).max_pods == 15 * (50 - 1) + 2
    assert ip_capacity(metal, PREFIXES) == 15 * (50 - 1) * 16
    assert ip_capacity(metal, CniSettings(prefix_delegation=True, cni_version=(1, 10, 4))) == 15 * (50 - 1)


def test_custom_networking_on_one_eni_leaves_the_host_network_pods_and_a_warning() -> None:
    limits = max_pods(CATALOG["t3.large"], CniSettings(custom_networking=True, max_eni=1))
    assert limits.max_pods == 2
    assert "no ENI is left for pods" in limits.notes[0]


def test_the_trunk_takes_one_eni_from_ordinary_pods_on_types_that_can_carry_one() -> None:
    m5 = max_pods(CATALOG["m5.large"], CniSettings(pod_eni=True))
    assert m5.max_pods == 2 * (10 - 1) + 2
    assert "up to 9 pods" in m5.notes[0]
    assert "29" in m5.notes[0]
    t3 = max_pods(CATALOG["t3.large"], CniSettings(pod_eni=True))
    assert t3.max_pods == 35
    assert "not available" in t3.notes[0]


def test_ipv6_is_never_limited_by_addresses_and_needs_nitro() -> None:
    ipv6 = CniSettings(ip_family=IpFamily.IPV6)
    limits = max_pods(CATALOG["t3.nano"], ipv6)
    assert (limits.mode, limits.max_pods, limits.limited_by) == (Mode.IPV6, 110, LimitedBy.CEILING)
    assert limits.ip_capacity == 2 ** (128 - 80)
    assert max_pods(CATALOG["m5.metal"], ipv6).max_pods == 250
    with pytest.raises(InputError, match="needs a Nitro type"):
        max_pods(CATALOG["t2.micro"], ipv6)
    with pytest.raises(InputError, match="custom networking"):
        max_pods(CATALOG["t3.large"], CniSettings(ip_family=IpFamily.IPV6, custom_networking=True))


def test_other_host_network_pods_replace_the_two() -> None:
    assert max_pods(CATALOG["t3.large"], host_network_pods=5).max_pods == 3 * (12 - 1) + 5


def test_kube_reserved_follows_the_published_bands() -> None:
    figures = {1: 60, 2: 70, 3: 75, 4: 80, 8: 90, 16: 110, 48: 190, 96: 310}
    assert {vcpus: kube_reserved_cpu_millicores(vcpus) for vcpus in figures} == figures
    assert max_pods(CATALOG["t3.large"]).kube_reserved_memory_mib == 11 * 35 + 255


def test_a_reservation_that_takes_most_of_the_memory_is_a_finding() -> None:
    assert "629 MiB of the node's 512 MiB" in max_pods(CATALOG["t3.nano"], PREFIXES).notes[-1]
    assert max_pods(CATALOG["t3.large"]).notes == ()


@pytest.mark.parametrize("column", ["vcpus", "max_enis", "ipv4_per_eni"])
def test_an_unknown_figure_is_said_to_be_unknown(column: str) -> None:
    figures: dict[str, Any] = {"vcpus": 2, "max_enis": 3, "ipv4_per_eni": 12, column: None}
    with pytest.raises(UnknownFigureError, match=f"{column} of x1.test is unknown"):
        max_pods(InstanceType("x1.test", **figures))


_types = st.builds(
    InstanceType,
    instance_type=st.just("x1.test"),
    vcpus=st.integers(1, 500),
    hypervisor=st.sampled_from([None, "nitro", "xen"]),
    bare_metal=st.booleans(),
    max_enis=st.integers(1, 64),
    ipv4_per_eni=st.integers(1, 64),
)
_settings = st.builds(
    CniSettings,
    custom_networking=st.booleans(),
    prefix_delegation=st.booleans(),
    max_eni=st.none() | st.integers(1, 70),
)


@given(_types, _settings, st.booleans())
def test_more_enis_never_mean_fewer_pods(instance: InstanceType, settings: CniSettings, allowed: bool) -> None:
    from dataclasses import replace

    assert instance.max_enis is not None
    larger = replace(instance, max_enis=instance.max_enis + 1)
    fewer = max_pods(instance, settings, show_max_allowed=allowed)
    more = max_pods(larger, settings, show_max_allowed=allowed)
    assert more.max_pods >= fewer.max_pods
    assert fewer.max_pods <= fewer.max_allowed


@given(_types, _settings)
def test_prefixes_never_mean_fewer_pods(instance: InstanceType, settings: CniSettings) -> None:
    from dataclasses import replace

    without = max_pods(instance, replace(settings, prefix_delegation=False))
    with_prefixes = max_pods(instance, replace(settings, prefix_delegation=True))
    assert with_prefixes.max_pods >= without.max_pods


@pytest.mark.parametrize("text", ["1.15.3", "v1.15.3", "v1.15.3-eksbuild.1", "1.15.3-eksbuild.12"])
def test_versions_are_read_as_people_write_them(text: str) -> None:
    assert parse_cni_version(text) == (1, 15, 3)


@pytest.mark.parametrize(
    "text", ["banana", "", "1", "1.15", "v", "1.15.3.4", "1.15.x", "1.15.3\n", "1.15.3-rc1", "٣.1.1"]
)
def test_a_malformed_version_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a CNI version"):
        parse_cni_version(text)
