"""The steps of a scenario in a few words."""

from __future__ import annotations

from fhir_fixtures.scenario import DecideStep, HappensStep, LaterStep, RoundStep, ServerStep, Step, UndoStep


def words_of(step: Step) -> str:
    """A step in a few words."""
    match step:
        case RoundStep():
            asked = f": {step.question}" if step.question else ""
            return f"a round: {', '.join(step.round)}{asked}"
        case DecideStep():
            return f"{step.by} decides: {step.decide}"
        case HappensStep():
            return f"others write: {', '.join(step.happens)}"
        case ServerStep():
            return (
                "the server goes down"
                if step.server == "down"
                else (
                    "the server is back" if step.server == "up" else f"the server goes down after {step.server} answers"
                )
            )
        case LaterStep():
            return f"{step.later} pass"
        case UndoStep():
            return f"a write is to be taken back: {step.undo}"
        case _:
            return "what waits is driven on"
