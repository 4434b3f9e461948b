"""How an engine says why: a value and the steps that led to it. One type, one drawer, one JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from tamna.params import Fact

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One line of a reckoning: what came out, by which formula, from what, by which law."""

    label: str  # key of a translated label, such as "copay.rate"
    value: Any
    formula: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    rule_id: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": plain(self.value),
            "formula": self.formula,
            "inputs": {key: plain(value) for key, value in self.inputs.items()},
            "rule_id": self.rule_id,
            "facts": [fact.as_json() for fact in self.facts],
        }


@dataclass(frozen=True)
class Explained(Generic[T]):
    """A value that can say why."""

    value: T
    steps: tuple[Step, ...] = ()

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """Keys of the facts marked [?] that decided this value: shown as unconfirmed (미확인)."""
        return tuple(sorted({fact.key for step in self.steps for fact in step.facts if fact.mark == "?"}))

    def as_json(self) -> dict[str, Any]:
        return {
            "value": plain(self.value),
            "steps": [step.as_json() for step in self.steps],
            "unconfirmed": list(self.unconfirmed),
        }


def plain(value: Any) -> Any:
    """JSON-ready: Decimal as text without loss, dates as ISO."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value
