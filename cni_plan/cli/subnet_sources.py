"""Which subnets are meant: on paper, in a file, or in a running VPC."""

from ipaddress import IPv4Network
from typing import Annotated, NamedTuple

import typer

from cni_plan.cli.options import AwsOptions
from cni_plan.cli.output import tell
from cni_plan.cli.progress import progress_of
from cni_plan.engine.subnets import Subnet
from cni_plan.errors import InputError
from cni_plan.inputs.addresses import parse_network, parse_subnets, parse_used_file


class SubnetOptions(NamedTuple):
    """Subnets and what is in them."""

    cidr: Annotated[list[str] | None, typer.Option("--cidr", metavar="CIDR", help="A subnet on paper; repeatable.")] = (
        None
    )
    used: Annotated[
        list[str] | None, typer.Option("--used", metavar="ADDRESS|CIDR", help="In use already; repeatable.")
    ] = None
    used_file: Annotated[
        str | None,
        typer.Option(
            "--used-file",
            metavar="FILE",
            help="What is in use: an address or CIDR a line, or a snapshot; - for stdin.",
        ),
    ] = None
    subnet_id: Annotated[
        list[str] | None,
        typer.Option("--subnet-id", metavar="ID", help="A subnet of a VPC, read from EC2 or a snapshot; repeatable."),
    ] = None
    vpc_id: Annotated[
        str | None, typer.Option("--vpc-id", metavar="ID", help="All subnets of a VPC, read from EC2.")
    ] = None
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="KEY=VALUE", help="Subnets with a tag, such as kubernetes.io/role/cni=1; repeatable."
        ),
    ] = None

    @property
    def asks_ec2(self) -> bool:
        """Whether subnets of a running VPC are meant."""
        return bool(self.subnet_id or self.vpc_id or self.tag)

    def resolve(self, aws: AwsOptions) -> list[Subnet]:
        """Find the subnets.

        Raises:
            InputError: An option is malformed, or some do not go together.
            SourceError: EC2 failed.
        """
        listed, from_file = self._read_file()
        if from_file is not None:
            if self.cidr or self.used or self.vpc_id or self.tag:
                raise InputError("the snapshot says what the subnets are: of the other options only --subnet-id goes")
            return self._chosen(from_file)
        if self.asks_ec2:
            if self.cidr or self.used or listed:
                raise InputError("--subnet-id, --vpc-id and --tag read what is in use: leave --cidr and --used out")
            from cni_plan.inputs.vpc import subnets_from_snapshot

            return subnets_from_snapshot(self.read_ec2(aws), "EC2's answer")
        return self._on_paper(listed)

    def read_ec2(self, aws: AwsOptions) -> dict[str, list[object]]:
        """EC2's answers on the subnets.

        Raises:
            InputError: No subnet is selected, or a tag is malformed.
            SourceError: EC2 failed.
        """
        from cni_plan.sources.aws import AwsAccess
        from cni_plan.sources.vpc import snapshot

        tags = []
        for text in self.tag or []:
            key, equals, value = text.partition("=")
            if not (key and equals):
                raise InputError(f"--tag {text[:60]!r} is not KEY=VALUE")
            tags.append((key, value))
        access = AwsAccess(aws.region, aws.profile, aws.endpoint_url)
        with progress_of() as progress:
            return snapshot(access, subnet_ids=self.subnet_id or [], vpc_id=self.vpc_id, tags=tags, progress=progress)

    def _read_file(self) -> tuple[list[IPv4Network], list[Subnet] | None]:
        """What `--used-file` holds: networks, or the subnets of a snapshot."""
        if self.used_file is None:
            return [], None
        from cni_plan.sources.files import read_text

        text = read_text(self.used_file)
        if text.lstrip()[:1] not in {"{", "["}:
            return list(parse_used_file(text, self.used_file)), None
        from cni_plan.inputs.documents import read_json
        from cni_plan.inputs.vpc import is_snapshot, merge_answers, subnets_from_snapshot

        documents = read_json(text, self.used_file)
        if not is_snapshot(documents):
            raise InputError(f"{self.used_file}: JSON, but none of EC2's answers on subnets")
        subnets = subnets_from_snapshot(merge_answers(documents), self.used_file)
        if not subnets:
            raise InputError(f"{self.used_file}: no Subnets in it; save DescribeSubnets' answer too")
        return [], subnets

    def _chosen(self, subnets: list[Subnet]) -> list[Subnet]:
        if not self.subnet_id:
            return subnets
        known = {subnet.subnet_id: subnet for subnet in subnets}
        missing = [name for name in self.subnet_id if name not in known]
        if missing:
            raise InputError(f"the snapshot has no subnet {', '.join(missing)[:100]}")
        return [known[name] for name in dict.fromkeys(self.subnet_id)]

    def _on_paper(self, listed: list[IPv4Network]) -> list[Subnet]:
        ranges = parse_subnets(self.cidr or [])
        taken = [parse_network(text, "--used") for text in self.used or []]
        taken += listed
        if taken and not ranges:
            raise InputError("--used and --used-file say what is in use in a subnet: give --cidr too")
        outside = sum(not any(network.overlaps(subnet) for subnet in ranges) for network in taken)
        if outside:
            tell([f"{outside} of the used addresses lie outside the given subnets"])
        return [Subnet(network, tuple(taken)) for network in ranges]
