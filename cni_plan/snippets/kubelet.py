"""The kubelet's arguments that go with max pods, checked by Kubernetes' own naming rules."""

import re
from dataclasses import dataclass

from cni_plan.errors import InputError

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_KEY = rf"(?:(?P<domain>{_DNS_LABEL}(?:\.{_DNS_LABEL})*)/)?{_NAME}"
_LABEL = re.compile(rf"{_KEY}=(?:{_NAME})?", re.ASCII)
_TAINT = re.compile(rf"{_KEY}(?:=(?:{_NAME})?)?:(?:NoSchedule|PreferNoSchedule|NoExecute)", re.ASCII)
_LONGEST_DOMAIN = 253
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletArguments:
    """What the kubelet is told on its command line.

    Attributes:
        max_pods: The node's max pods.
        kube_reserved: The whole `--kube-reserved` value; None keeps the image's own reservation.
        node_labels: Labels, each `key=value`.
        taints: Taints, each `key=value:Effect`.
        extra: Further arguments, as the user wrote them.

    Raises:
        InputError: A label, a taint or an extra argument breaks Kubernetes' rules.
    """

    max_pods: int
    kube_reserved: str | None = None
    node_labels: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()
    extra: str = ""

    def __post_init__(self) -> None:
        for label in self.node_labels:
            _check(label, _LABEL, "node label", "key=value")
        for taint in self.taints:
            _check(taint, _TAINT, "taint", "key=value:NoSchedule, PreferNoSchedule or NoExecute")
        if _UNPRINTABLE.search(self.extra):
            raise InputError("kubelet arguments must not hold line ends or control characters")
        for word in self.extra.split():
            if word.split("=", 1)[0].lstrip("-") == "max-pods":
                raise InputError("give max pods as --max-pods rather than among the kubelet arguments")

    def command_line(self) -> str:
        """The arguments as one line."""
        words = [f"--max-pods={self.max_pods}"]
        if self.kube_reserved is not None:
            words.append(f"--kube-reserved={self.kube_reserved}")
        if self.node_labels:
            words.append(f"--node-labels={','.join(self.node_labels)}")
        if self.taints:
            words.append(f"--register-with-taints={','.join(self.taints)}")
        return " ".join(words + ([self.extra.strip()] if self.extra.strip() else []))


def _check(text: str, pattern: re.Pattern[str], what: str, form: str) -> None:
    match = pattern.fullmatch(text)
    if not match or len(match["domain"] or "") > _LONGEST_DOMAIN:
        raise InputError(f"{what} {text[:80]!r} is not of Kubernetes' form {form}")
