"""EC2's DescribeInstanceTypes answer, checked, as rows of the table."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from cni_plan.catalog import InstanceType
from cni_plan.errors import SourceError

SOURCE = "ec2:DescribeInstanceTypes"


class _Payload(BaseModel):
    """Part of an answer; keys that are not asked for are passed over."""

    model_config = ConfigDict(alias_generator=to_pascal, extra="ignore", frozen=True)


class _VCpuInfo(_Payload):
    vcpus: int = Field(alias="DefaultVCpus", gt=0)


class _MemoryInfo(_Payload):
    size_mib: int = Field(alias="SizeInMiB", gt=0)


class _ProcessorInfo(_Payload):
    supported_architectures: tuple[str, ...]


class _NetworkCard(_Payload):
    network_card_index: int = Field(ge=0)
    maximum_network_interfaces: int = Field(gt=0)


class _NetworkInfo(_Payload):
    maximum_network_interfaces: int = Field(gt=0)
    ipv4_addresses_per_interface: int = Field(gt=0)
    default_network_card_index: int = Field(default=0, ge=0)
    network_cards: tuple[_NetworkCard, ...] = ()

    def max_enis(self) -> int:
        """ENIs of the default network card; an answer without cards has the one figure."""
        for card in self.network_cards:
            if card.network_card_index == self.default_network_card_index:
                return card.maximum_network_interfaces
        if self.network_cards:
            raise ValueError(f"no network card {self.default_network_card_index}, which is the default one")
        return self.maximum_network_interfaces


class _Gpu(_Payload):
    count: int = Field(ge=0)


class _GpuInfo(_Payload):
    gpus: tuple[_Gpu, ...] = ()


class _InstanceTypeInfo(_Payload):
    instance_type: str
    v_cpu_info: _VCpuInfo = Field(alias="VCpuInfo")
    memory_info: _MemoryInfo
    processor_info: _ProcessorInfo
    network_info: _NetworkInfo
    bare_metal: bool
    current_generation: bool
    hypervisor: str | None = None
    gpu_info: _GpuInfo | None = None


def instance_type_from_ec2(payload: Mapping[str, Any]) -> InstanceType:
    """One element of `InstanceTypes` as a row of the table; branch ENIs are not in EC2's answer.

    Raises:
        SourceError: The element is not what EC2 documents; the message names the type and the field.
    """
    name = str(payload.get("InstanceType", "without a name"))[:64]
    try:
        info = _InstanceTypeInfo.model_validate(payload)
        max_enis = info.network_info.max_enis()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SourceError(f"EC2's answer for {name} is not understood: {place}: {first['msg']}") from None
    except ValueError as error:
        raise SourceError(f"EC2's answer for {name} is not understood: {error}") from None
    return InstanceType(
        instance_type=info.instance_type,
        vcpus=info.v_cpu_info.vcpus,
        memory_mib=info.memory_info.size_mib,
        architectures=info.processor_info.supported_architectures,
        hypervisor=info.hypervisor,
        bare_metal=info.bare_metal,
        max_enis=max_enis,
        ipv4_per_eni=info.network_info.ipv4_addresses_per_interface,
        network_cards=max(1, len(info.network_info.network_cards)),
        default_network_card=info.network_info.default_network_card_index,
        gpus=sum(gpu.count for gpu in info.gpu_info.gpus) if info.gpu_info else 0,
        current_generation=info.current_generation,
        source=SOURCE,
    )
