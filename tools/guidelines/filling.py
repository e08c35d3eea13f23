"""Values that a plan works out for the patient, written into its proposal: into the elements that a plan may decide."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

STEP = re.compile(r"^(\w+)(?:\[(\d+)\])?$")
ELEMENTS: Mapping[str, frozenset[str]] = {
    "ServiceRequest": frozenset(
        {"code", "bodySite", "note", "priority", "occurrence", "reasonCode", "patientInstruction"}
    ),
    "MedicationRequest": frozenset(
        {"medication", "dosageInstruction", "note", "priority", "reasonCode", "dispenseRequest"}
    ),
}
"""What may be written; whose patient it is, its status, its intent and who asks for it is not the plan's to say."""
CHOICES: Mapping[str, str] = {"medication": "medicationCodeableConcept", "dosage": "dosageInstruction"}
LISTS = frozenset({"dosageInstruction", "note", "reasonCode", "bodySite"})


def filled(
    request: Mapping[str, Any], values: Iterable[tuple[str, Mapping[str, Any]]]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A proposal with values written into it.

    Args:
        request: the draft that the activity gives.
        values: path within it, e.g. `dosageInstruction[0].text`, and the value with its kind.

    Returns:
        The draft, and the paths that it may not hold.
    """
    made: dict[str, Any] = copy.deepcopy(dict(request))
    left = [path for path, value in values if not _written(made, path, value)]
    return made, tuple(left)


def _written(made: dict[str, Any], path: str, value: Mapping[str, Any]) -> bool:
    steps = [STEP.match(each) for each in path.split(".")]
    first = steps[0]
    if first is None or any(each is None for each in steps):
        return False
    root = first[1]
    name = CHOICES.get(root, root)
    allowed = ELEMENTS[made["resourceType"]]
    if not {root, name} & allowed and not any(name.startswith(each) and each in CHOICES for each in allowed):
        return False
    found = _fitting(name, value) if len(steps) == 1 else value["value"]
    target: Any = made
    keys = [(name, first[2]), *((each[1], each[2]) for each in steps[1:] if each)]
    for position, (key, index) in enumerate(keys):
        last = position == len(keys) - 1
        listed = index is not None or (key in LISTS and position == 0)
        if last and not listed:
            target[key] = found
        elif listed:
            held = target.setdefault(key, [])
            number = int(index or 0)
            while len(held) <= number:
                held.append({})
            if last:
                held[number] = found
            target = held[number]
        else:
            target = target.setdefault(key, {})
        if not isinstance(target, dict) and not last:
            return False
    return True


def _fitting(name: str, value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Words where an element holds words within it."""
    found = value["value"]
    if not isinstance(found, str):
        return found
    if name in ("code", "medicationCodeableConcept", "reasonCode", "bodySite", "dosageInstruction", "note"):
        return {"text": found}
    return found
