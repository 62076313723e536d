"""A node over time: pods come and go, ipamd looks every five seconds, addresses cool down, ENIs grow old."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.simulation import PoolState, check_startable, state_of
from cni_plan.engine.warm_pool import PASS_SECONDS, WarmPool, pool_limits
from cni_plan.errors import InputError

TAIL_SECONDS = 240
"""The timeline goes on so long after its last event: cooldown, an ENI's minimum age and a few shrink intervals."""
MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PodCount:
    """From this second on the node has so many pods that want an address."""

    seconds: float
    pods: int


@dataclass(frozen=True, slots=True)
class Moment:
    """The node at a second in which something changed.

    Attributes:
        seconds: Since the node was ready.
        state: The pool.
        waiting: Pods without an address.
    """

    seconds: float
    state: PoolState
    waiting: int


@dataclass(frozen=True, slots=True)
class ChurnReport:
    """A timeline and what it came to.

    Attributes:
        moments: Every second in which something changed, the first at 0.
        peak_subnet_ips: The most addresses taken from the subnets at one time.
        calls: EC2 calls by kind, the node's start included.
        peak_calls_per_minute: The most EC2 calls within any 60 seconds.
        waits: Seconds at which pods arrived that found no address, with their number.
    """

    moments: tuple[Moment, ...]
    peak_subnet_ips: int
    calls: dict[str, int]
    peak_calls_per_minute: int
    waits: tuple[tuple[float, int], ...]


def ramp(first: int, last: int, *, over_seconds: float) -> list[PodCount]:
    """One pod after the other, evenly spread: from `first` at second 0 to `last` at the end."""
    step = 1 if last >= first else -1
    count = abs(last - first)
    return [PodCount(0, first)] + [
        PodCount(over_seconds * number / count, first + step * number) for number in range(1, count + 1)
    ]


def simulate_churn(
    instance: InstanceType, settings: CniSettings, events: Sequence[PodCount], *, max_pods: int
) -> ChurnReport:
    """Walk a timeline on a fresh node whose pool is at rest.

    Args:
        instance: The node's type.
        settings: How aws-node is set up.
        events: The pod counts over time, in order of time.
        max_pods: kubelet's max pods.

    Raises:
        InputError: aws-node would not start, or the pool of an IPv6 node is asked for, which never changes.
        UnknownFigureError: The table lacks a figure of the type.
    """
    check_startable(settings)
    if settings.ip_family is IpFamily.IPV6:
        raise InputError("an IPv6 node has one /80 for all its pods: nothing changes over time")
    pool = WarmPool(pool_limits(instance, settings, max_pods=max_pods), settings)
    pool.grow_to_rest()
    moments = [Moment(0, state_of(pool), 0)]
    waits: list[tuple[float, int]] = []
    made: deque[tuple[float, int]] = deque([(0.0, pool.calls.total())])
    in_minute = peak_calls = pool.calls.total()
    for seconds, count in _timeline(events):
        calls_before, waiting_before = pool.calls.total(), pool.waiting
        pool.advance(seconds)
        if count is None:
            pool.step()
        else:
            _set_pods(pool, count)
            if pool.waiting > waiting_before:
                waits.append((seconds, pool.waiting - waiting_before))
        made.append((seconds, pool.calls.total() - calls_before))
        in_minute += made[-1][1]
        while made[0][0] <= seconds - MINUTE_SECONDS:
            in_minute -= made.popleft()[1]
        peak_calls = max(peak_calls, in_minute)
        state = state_of(pool)
        if state != moments[-1].state or pool.waiting != moments[-1].waiting:
            moments.append(Moment(seconds, state, pool.waiting))
    return ChurnReport(
        moments=tuple(moments),
        peak_subnet_ips=max(moment.state.subnet_ips for moment in moments),
        calls=dict(Counter(pool.calls)),
        peak_calls_per_minute=peak_calls,
        waits=tuple(waits),
    )


def _timeline(events: Sequence[PodCount]) -> Iterator[tuple[float, int | None]]:
    """Events with their pod count and ipamd's passes with None, in order; an event comes before a pass."""
    end = (events[-1].seconds if events else 0) + TAIL_SECONDS
    place, now = 0, 0
    while now <= end:
        while place < len(events) and events[place].seconds <= now:
            yield events[place].seconds, events[place].pods
            place += 1
        yield now, None
        now += PASS_SECONDS


def _set_pods(pool: WarmPool, wanted: int) -> None:
    have = pool.assigned + pool.waiting
    if wanted > have:
        pool.arrive(wanted - have)
    elif wanted < have:
        pool.leave(have - wanted)
