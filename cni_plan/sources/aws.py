"""AWS through boto3: clients with the user's region, profile and endpoint, and one message for each failure.

Everything here only reads.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cni_plan.errors import InputError, SourceError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, ATTEMPTS = 5, 15, 3


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Where to ask AWS, and as whom; None leaves a part to the standard configuration chain."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None


def ec2_client(access: AwsAccess) -> "EC2Client":
    """An EC2 client with boto3's standard retries.

    Raises:
        InputError: No region is set, or the profile or endpoint is wrong.
    """
    client: EC2Client = aws_client("ec2", access)
    return client


def aws_client(service: str, access: AwsAccess) -> Any:  # noqa: ANN401 # boto3 makes clients at run time
    """A client of a service.

    Raises:
        InputError: No region is set, or the profile or endpoint is wrong.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        user_agent_extra="cni-plan",
    )
    try:
        # boto3 alone among the SDKs knows only AWS_DEFAULT_REGION.
        region = access.region or os.environ.get("AWS_REGION") or None
        session = boto3.Session(region_name=region, profile_name=access.profile)
        return session.client(service, endpoint_url=access.endpoint_url, config=config)  # type: ignore[call-overload] # the stubs want a literal
    except BotoCoreError as error:
        if type(error).__name__ == "NoRegionError":
            raise InputError("no AWS region: give --region, or set AWS_REGION") from None
        raise InputError(f"cannot set up the AWS client: {_one_line(error)}") from None
    except ValueError as error:
        raise InputError(f"cannot set up the AWS client: {_one_line(error)}") from None


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn whatever boto3 raises into one line that says what was asked and what to do.

    Raises:
        SourceError: AWS did not answer, or refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except NoCredentialsError:
        raise SourceError(
            f"{doing}: no AWS credentials found; set AWS_PROFILE or log in, or leave AWS out and use the bundled table"
        ) from None
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise SourceError(f"{doing}: AWS refused: {detail.get('Code')}: {_one_line(detail.get('Message'))}") from None
    except BotoCoreError as error:
        raise SourceError(f"{doing}: {_one_line(error)}") from None
    except (ResponseParserError, ValueError, AttributeError, TypeError) as error:
        # None of these is a BotoCoreError: botocore's parsers take an answer of the right shape for granted.
        raise SourceError(f"{doing}: the answer is not understood: {_one_line(error)}") from None


def _one_line(message: Any) -> str:  # noqa: ANN401 # whatever a library raised
    return " ".join(str(message).split())[:400]
