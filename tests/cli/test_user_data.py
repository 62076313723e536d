import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import Cli, Tool

BOOTSTRAP = ("user-data", "--format", "bootstrap", "--cluster-name", "foo-eks-cluster")


def words_of(tool: Tool, script: str, **environment: str) -> list[str]:
    """What a bash hands to bootstrap.sh when it runs the script."""
    function = "/etc/eks/bootstrap.sh() { printf '%s\\0' \"$@\"; }\n"
    names = "".join(f"{name}='{value}'\n" for name, value in environment.items())
    done = tool("bash", stdin=function + names + script)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.split("\0")[:-1]


def test_the_published_snippet(cli: Cli) -> None:
    text = cli(*BOOTSTRAP, "-t", "t3.large").out
    assert text == (
        "#!/bin/bash\n"
        "# Made by: cni-plan user-data --format bootstrap --cluster-name foo-eks-cluster -t t3.large\n"
        "/etc/eks/bootstrap.sh foo-eks-cluster \\\n"
        '  --b64-cluster-ca "$B64_CLUSTER_CA" \\\n'
        '  --apiserver-endpoint "$APISERVER_ENDPOINT" \\\n'
        "  --use-max-pods false \\\n"
        '  --kubelet-extra-args "--max-pods=35"\n'
    )


def test_the_script_passes_bash_and_shellcheck_and_says_what_it_should(cli: Cli, tool: Tool) -> None:
    outcome = cli(
        *BOOTSTRAP,
        *("-t", "t3.large", "--cni-prefix-delegation-enabled", "--node-label", "team=a.b", "--node-label", "x.io/y="),
        *("--taint", "gpu=yes:NoSchedule", "--kubelet-extra-args", '--v=2 --x="$(id)`id`\\"'),
        *("--service-cidr", "172.20.0.0/16", "--container-runtime", "containerd"),
    )
    assert outcome.code == 0
    checked = tool("shellcheck", "--severity=style", "-", stdin=outcome.out)
    assert (checked.returncode, checked.stdout) == (0, "")
    assert tool("bash", "-n", stdin=outcome.out).returncode == 0
    words = words_of(tool, outcome.out, B64_CLUSTER_CA="Q0E=", APISERVER_ENDPOINT="https://x")
    assert words == [
        "foo-eks-cluster",
        *("--b64-cluster-ca", "Q0E=", "--apiserver-endpoint", "https://x"),
        *("--service-ipv4-cidr", "172.20.0.0/16", "--container-runtime", "containerd", "--use-max-pods", "false"),
        "--kubelet-extra-args",
        # 11 x 110 + 255 = 1465 MiB; the image would keep 11 x 35 + 255 = 640
        (
            "--max-pods=110 --kube-reserved=cpu=70m,ephemeral-storage=1Gi,memory=1465Mi --node-labels=team=a.b,x.io/y= "
            '--register-with-taints=gpu=yes:NoSchedule --v=2 --x="$(id)`id`\\"'
        ),
    ]


def test_values_are_quoted_and_references_stay_expandable(cli: Cli, tool: Tool) -> None:
    given_values = cli(
        *BOOTSTRAP, "-t", "t3.large", "--api-server-endpoint", "https://a.eks.amazonaws.com", "--b64-cluster-ca", "Q0E="
    ).out
    assert words_of(tool, given_values)[1:5] == [
        "--b64-cluster-ca",
        "Q0E=",
        "--apiserver-endpoint",
        "https://a.eks.amazonaws.com",
    ]
    references = cli(*BOOTSTRAP, "-t", "t3.large", "--b64-cluster-ca", "${CA}").out
    assert words_of(tool, references, CA="Q0 E=", APISERVER_ENDPOINT="x")[2] == "Q0 E="


def test_an_ipv6_cluster_says_so(cli: Cli, tool: Tool) -> None:
    outcome = cli(*BOOTSTRAP, "-t", "t3.large", "--ip-family", "ipv6", "--service-cidr", "fd00:1::/108")
    words = words_of(tool, outcome.out, B64_CLUSTER_CA="x", APISERVER_ENDPOINT="x")
    assert words[5:9] == ["--ip-family", "ipv6", "--service-ipv6-cidr", "fd00:1::/108"]


def test_several_types_get_the_least_and_are_told_what_they_lose(cli: Cli) -> None:
    outcome = cli("user-data", "--format", "kubelet-args", "-t", "t3.small,t3.large")
    assert outcome.out == "--max-pods=11\n"
    assert outcome.err == "note: t3.small sets max pods to 11: t3.large could take 35\n"


def test_kubelet_args_are_just_the_value(cli: Cli) -> None:
    arguments = ("user-data", "--format", "kubelet-args", "-t", "t3.large", "--cni-prefix-delegation-enabled")
    assert cli(*arguments).out == "--max-pods=110\n"
    assert cli(*arguments, "--max-pods", "64").out == "--max-pods=64\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster-name", "x'; rm -rf /"], "is no EKS cluster name"),
        (["--cluster-name", "$(id)"], "is no EKS cluster name"),
        (["--cluster-name", "a" * 101], "is no EKS cluster name"),
        (["--cluster-name", "-flag"], "is no EKS cluster name"),
        (["--cluster-name", "line\nend"], "is no EKS cluster name"),
        (["--api-server-endpoint", "http://a"], "neither an https:// URL nor a reference"),
        (["--api-server-endpoint", "https://a/$(id)"], "neither an https:// URL nor a reference"),
        (["--api-server-endpoint", "$(id)"], "neither an https:// URL nor a reference"),
        (["--b64-cluster-ca", "not base64!"], "neither base64 nor a reference"),
        (["--service-cidr", "10.100.0.0/33"], "is not a CIDR"),
        (["--service-cidr", "fd00::/108"], "is IPv6, the cluster is IPv4"),
        (["--ip-family", "ipv6"], "give --service-cidr"),
        (["--node-label", "a b=c"], "node label 'a b=c' is not of Kubernetes' form key=value"),
        (["--node-label", "a=b,c=d"], "node label"),
        (["--taint", "a=b"], "taint 'a=b' is not of Kubernetes' form"),
        (["--taint", "a=b:Sometimes"], "taint"),
        (["--kubelet-extra-args", "--max-pods=5"], "give max pods as --max-pods"),
        (["--kubelet-extra-args", "--a\n--b"], "must not hold line ends"),
        (["--kubelet-extra-args", "--a='b'"], "must not hold a single quote"),
    ],
)
def test_what_cannot_pass_is_refused_before_anything_is_printed(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli(*BOOTSTRAP, "-t", "t3.large", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_cluster_name_is_asked_for(cli: Cli) -> None:
    outcome = cli("user-data", "--format", "bootstrap", "-t", "t3.large")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--format bootstrap needs --cluster-name" in outcome.err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="'"), max_size=40))
def test_whatever_extra_arguments_there_are_reach_the_script_unchanged(cli: Cli, tool: Tool, extra: str) -> None:
    outcome = cli(*BOOTSTRAP, "-t", "t3.large", f"--kubelet-extra-args={extra}")
    if outcome.code == 0:
        last = words_of(tool, outcome.out, B64_CLUSTER_CA="x", APISERVER_ENDPOINT="x")[-1]
        assert last == f"--max-pods=35 {extra.strip()}".strip()
    else:
        assert "max-pods" in extra
