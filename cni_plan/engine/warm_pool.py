"""The warm pool: how ipamd fills and drains the addresses of one node.

Follows amazon-vpc-cni-k8s, pkg/ipamd/ipamd.go and pkg/ipamd/datastore/data_store.go, as of 1.23. A slot holds one
address, or with prefix delegation one /28. Pods take the first free address in the order the ENIs were attached, and
leave from the other end; ipamd itself walks a map in no particular order, so that only the totals can be relied on.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, figure, has_trunk, holds_prefixes

PASS_SECONDS = 5
"""ipamd looks at the pool so often."""
SHRINK_SECONDS = 30
"""It gives addresses back at most so often."""
ENI_MINIMUM_AGE_SECONDS = 60
"""An ENI younger than this is not freed."""
NEW_ENI_CALLS = ("create", "attach", "modify", "tag")
FREE_ENI_CALLS = ("detach", "delete")


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What bounds a node's pool.

    Attributes:
        slots: Slots per ENI, `ipv4_per_eni - 1`.
        size: Addresses in a slot: 1, or 16 with prefix delegation.
        enis: ENIs ipamd may use, the primary included; a trunk's place is taken off.
        max_pods: kubelet's max pods; the pool does not grow beyond so many addresses.
        skip_primary: Custom networking: the primary ENI serves no pods.
    """

    slots: int
    size: int
    enis: int
    max_pods: int
    skip_primary: bool = False

    @property
    def capacity(self) -> int:
        """Addresses that all ENIs together can hold for pods."""
        return max(0, self.enis - self.skip_primary) * self.slots * self.size


@dataclass(slots=True)
class Eni:
    """An attached ENI: what its slots hold."""

    attached_at: float
    assigned: list[int] = field(default_factory=list)
    """Addresses assigned to pods, by slot."""
    cooling: list[int] = field(default_factory=list)
    """Addresses cooling down, by slot."""
    pods: int = 0
    resting: int = 0

    def free(self, size: int) -> int:
        """Addresses that a pod can take now."""
        return len(self.assigned) * size - self.pods - self.resting

    def unused_slots(self) -> int:
        """Slots in which nothing is assigned and nothing cools down."""
        if not self.pods and not self.resting:
            return len(self.assigned)
        return sum(not pods and not resting for pods, resting in zip(self.assigned, self.cooling, strict=True))


def pool_limits(instance: InstanceType, settings: CniSettings, *, max_pods: int) -> PoolLimits:
    """The bounds of a node's pool.

    Raises:
        UnknownFigureError: The table lacks a figure of the type.
    """
    enis = figure(instance, "max_enis")
    if settings.max_eni is not None:
        enis = min(enis, settings.max_eni)
    return PoolLimits(
        slots=figure(instance, "ipv4_per_eni") - 1,
        size=ADDRESSES_PER_PREFIX if holds_prefixes(instance, settings) else 1,
        enis=max(1, enis - has_trunk(instance, settings)),
        max_pods=max_pods,
        skip_primary=settings.custom_networking,
    )


class WarmPool:
    """One node's pool: a fresh node has its primary ENI and no addresses on it.

    Args:
        limits: What bounds the pool.
        settings: How aws-node is set up.
    """

    def __init__(self, limits: PoolLimits, settings: CniSettings) -> None:
        self.limits = limits
        self.settings = settings
        self.clock = 0.0
        self.enis = [Eni(attached_at=-ENI_MINIMUM_AGE_SECONDS)]
        self.waiting = 0
        """Pods that found no free address."""
        self.calls: Counter[str] = Counter()
        """EC2 calls so far, by kind."""
        self.slots_in_use = 0
        self.assigned = 0
        self.resting = 0
        self._cooldowns: deque[tuple[float, Eni, int]] = deque()
        self._last_shrink = -float(SHRINK_SECONDS)

    @property
    def total(self) -> int:
        """Addresses attached for pods."""
        return self.slots_in_use * self.limits.size

    @property
    def available(self) -> int:
        """Addresses not assigned to a pod."""
        return self.total - self.assigned

    @property
    def prefixes(self) -> int:
        """Prefixes attached; 0 in secondary-IP mode."""
        return self.slots_in_use if self.limits.size > 1 else 0

    @property
    def subnet_ips(self) -> int:
        """Addresses the node takes from its subnets: a primary one for each ENI, and all attached ones."""
        return len(self.enis) + self.total

    @property
    def per_eni(self) -> list[int]:
        """Slots in use on each ENI, in the order attached."""
        return [len(eni.assigned) for eni in self.enis]

    def free_prefixes(self) -> int:
        """Prefixes of which no address is assigned or cooling down."""
        return sum(eni.unused_slots() for eni in self.enis)

    def short(self) -> int:
        """How many slots the pool lacks for the IP targets."""
        settings = self.settings
        addresses = max(settings.warm_ip_target - self.available, settings.minimum_ip_target - self.total, 0)
        return -(-addresses // self.limits.size)

    def over(self) -> int:
        """How many slots the pool has beyond the IP targets."""
        warm, minimum = self.settings.warm_ip_target, self.settings.minimum_ip_target
        if self.limits.size == 1:
            return max(min(max(self.available - warm, 0), self.total - minimum), 0)
        needed = -(-(self.assigned + warm) // self.limits.size)
        spare = max(min(self.free_prefixes(), self.prefixes - needed), 0)
        return max(min(spare, self.prefixes - -(-minimum // self.limits.size)), 0)

    def is_too_low(self) -> bool:
        """Whether ipamd wants to grow the pool."""
        if self.total >= self.limits.max_pods:
            return False
        settings = self.settings
        if settings.has_ip_targets:
            return self.short() > 0
        if self.limits.size > 1:
            target = settings.warm_prefix_target * self.limits.size
        else:
            target = settings.warm_eni_target * self.limits.slots
        return self.available < target if target else self.available == 0

    def grow(self) -> bool:
        """One step of growth: fill the first ENI with a free slot, else attach one.

        Returns:
            Whether there was room.
        """
        wanted = self._wanted()
        for eni in self.enis[self.limits.skip_primary :]:
            room = self.limits.slots - len(eni.assigned)
            if room > 0:
                self._fill(eni, min(room, wanted))
                self.calls["assign"] += 1
                return True
        if len(self.enis) >= self.limits.enis:
            return False
        eni = Eni(attached_at=self.clock)
        self.enis.append(eni)
        self._fill(eni, min(wanted, self.limits.slots))
        self.calls.update(NEW_ENI_CALLS)
        return True

    def _wanted(self) -> int:
        if self.settings.has_ip_targets:
            return max(1, self.short()) if self.limits.size > 1 else self.short()
        if self.limits.size > 1:
            return max(1, self.settings.warm_prefix_target - self.free_prefixes())
        return self.limits.slots

    def _fill(self, eni: Eni, count: int) -> None:
        eni.assigned += [0] * count
        eni.cooling += [0] * count
        self.slots_in_use += count

    def arrive(self, pods: int) -> None:
        """Let pods take addresses; those that find none wait."""
        self.waiting += pods
        self._serve()

    def _serve(self) -> None:
        """Give free addresses to waiting pods, the first ones in attach order."""
        size = self.limits.size
        for eni in self.enis:
            if not self.waiting:
                return
            if not eni.free(size):
                continue
            for slot, used in enumerate(eni.assigned):
                taken = min(self.waiting, size - used - eni.cooling[slot])
                if taken:
                    eni.assigned[slot] = used + taken
                    eni.pods += taken
                    self.assigned += taken
                    self.waiting -= taken
                    if not self.waiting:
                        return

    def leave(self, pods: int) -> None:
        """Let pods go: waiting ones first, then from the last address in attach order; addresses cool down."""
        waiting = min(pods, self.waiting)
        self.waiting -= waiting
        left = pods - waiting
        ready = self.clock + self.settings.ip_cooldown_seconds
        for eni in reversed(self.enis):
            for slot in reversed(range(len(eni.assigned))):
                released = min(left, eni.assigned[slot])
                for _ in range(released):
                    self._cooldowns.append((ready, eni, slot))
                eni.assigned[slot] -= released
                eni.cooling[slot] += released
                eni.pods -= released
                eni.resting += released
                self.assigned -= released
                self.resting += released
                left -= released
                if not left:
                    return

    def advance(self, clock: float) -> None:
        """Move the clock on; addresses whose cooldown is over are free again."""
        self.clock = clock
        while self._cooldowns and self._cooldowns[0][0] <= clock:
            _, eni, slot = self._cooldowns.popleft()
            eni.cooling[slot] -= 1
            eni.resting -= 1
            self.resting -= 1
        self._serve()

    def grow_to_rest(self) -> None:
        """Grow, and serve waiting pods, until ipamd is content or has no room."""
        while self.is_too_low() and self.grow():
            self._serve()

    def step(self) -> bool:
        """One pass of ipamd at the present time.

        Returns:
            Whether anything changed.
        """
        changed = False
        if self.is_too_low():
            changed = self.grow()
            self._serve()
        elif self.clock - self._last_shrink >= SHRINK_SECONDS and (surplus := self._surplus()):
            self._last_shrink = self.clock
            changed = self._shrink(surplus)
        return self._free_eni() or changed

    def _surplus(self) -> int:
        """Slots to give back."""
        if self.settings.has_ip_targets:
            return self.over()
        if self.limits.size > 1 and self.settings.warm_prefix_target >= 1:
            return max(0, self.free_prefixes() - self.settings.warm_prefix_target)
        return 0

    def _shrink(self, surplus: int) -> bool:
        """Give back unused slots, from the last ENI to the first; one call for each ENI."""
        left = surplus
        for eni in reversed(self.enis):
            kept = [(pods, resting) for pods, resting in zip(eni.assigned, eni.cooling, strict=True) if pods or resting]
            given = min(left, len(eni.assigned) - len(kept))
            if not given:
                continue
            removed = given
            for slot in reversed(range(len(eni.assigned))):
                if removed and not eni.assigned[slot] and not eni.cooling[slot]:
                    self._drop_slot(eni, slot)
                    removed -= 1
            self.calls["unassign"] += 1
            left -= given
        return left < surplus

    def _drop_slot(self, eni: Eni, slot: int) -> None:
        del eni.assigned[slot], eni.cooling[slot]
        self.slots_in_use -= 1
        if eni.resting:
            self._cooldowns = deque(
                (ready, owner, place - (owner is eni and place > slot)) for ready, owner, place in self._cooldowns
            )

    def _free_eni(self) -> bool:
        """Free one ENI that has no pods and that the targets do not need."""
        if not self._may_free_enis():
            return False
        for index in reversed(range(1, len(self.enis))):
            eni = self.enis[index]
            young = self.clock - eni.attached_at < ENI_MINIMUM_AGE_SECONDS
            if young or eni.pods or eni.resting or self._is_needed(eni):
                continue
            del self.enis[index]
            self.slots_in_use -= len(eni.assigned)
            self.calls.update(FREE_ENI_CALLS)
            return True
        return False

    def _may_free_enis(self) -> bool:
        if len(self.enis) == 1:
            return False
        if self.settings.has_ip_targets:
            return True
        if self.limits.size > 1:
            return any(not eni.pods and not eni.resting for eni in self.enis[1:])
        return self.available >= (self.settings.warm_eni_target + 1) * self.limits.slots

    def _is_needed(self, eni: Eni) -> bool:
        """Whether the other ENIs hold too little for the targets without this one."""
        size, settings = self.limits.size, self.settings
        others_total = self.total - len(eni.assigned) * size
        if settings.warm_ip_target and others_total - self.assigned < -(-settings.warm_ip_target // size) * size:
            return True
        if settings.minimum_ip_target and others_total < -(-settings.minimum_ip_target // size) * size:
            return True
        if size > 1 and settings.warm_prefix_target and not settings.has_ip_targets:
            return self.free_prefixes() - eni.unused_slots() < settings.warm_prefix_target
        return False
