"""The instance metadata service: which instance type this machine is. IMDSv2 only."""

from dataclasses import dataclass

from cni_plan.errors import SourceError

TIMEOUT_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What the machine says of itself."""

    instance_type: str
    region: str


def identity() -> Identity:
    """Ask IMDSv2 for the instance type and the region.

    Raises:
        SourceError: There is no metadata service within a second, or it does not answer.
    """
    from botocore.session import Session
    from botocore.utils import IMDSFetcher

    session = Session()
    config = {
        key: session.get_config_variable(key)
        for key in ("ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode")
    }

    class Fetcher(IMDSFetcher):
        """botocore's fetcher keeps the requests to itself; this gives them a name."""

        def ask(self) -> Identity:
            token = self._fetch_metadata_token()  # type: ignore[attr-defined] # the stubs leave it out
            if not token:
                raise SourceError(NO_IMDS)

            def read(path: str) -> str:
                answer = self._get_request(  # type: ignore[attr-defined] # the stubs leave it out
                    f"latest/meta-data/{path}", lambda _: False, token=token
                )
                if answer.status_code != 200:  # noqa: PLR2004 # HTTP's OK
                    raise SourceError(f"the instance metadata service gives no {path}: HTTP {answer.status_code}")
                return str(answer.text).strip()

            return Identity(read("instance-type"), read("placement/region"))

    try:
        return Fetcher(timeout=TIMEOUT_SECONDS, num_attempts=1, config=config, user_agent="cni-plan").ask()
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 # botocore's fetcher raises private exceptions of its own
        reason = " ".join(str(error).split())
        raise SourceError(f"{NO_IMDS} ({reason})" if reason else NO_IMDS) from None


NO_IMDS = (
    "the instance metadata service (IMDSv2) did not answer within a second: "
    "off EC2, or in a pod without access to it, give --instance-type instead"
)
