"""The search parameters against the R4B models: every path must lead somewhere."""

import typing

import pytest
from fhir.resources.R4B import get_fhir_model_class

from preround.sandbox.parameters import CHOICES, Path, registry

KNOWN = registry()


def leads_somewhere(resource_type: str, path: Path) -> bool:
    model = resource_type
    for step in path:
        fields = {field.alias: field for field in get_fhir_model_class(model).model_fields.values()}
        if step.name not in fields:
            return False
        model = element_type(fields[step.name].annotation)
    return True


def element_type(annotation: object) -> str:
    inner = [one for one in typing.get_args(annotation) if one is not type(None)]
    if inner:
        return element_type(inner[0])
    return str(getattr(annotation, "__name__", "")).removesuffix("Type")


def stem(path: Path) -> str:
    """The path without the type of its last value[x]: that one of the choices is an element is enough."""
    text = ".".join(step.name for step in path)
    return next((text.removesuffix(end) for ends in CHOICES.values() for end in ends if text.endswith(end)), text)


@pytest.mark.parametrize("resource_type", sorted(KNOWN.types - KNOWN.unchecked))
def test_every_path_leads_to_an_element_of_its_type(resource_type: str) -> None:
    for parameter in KNOWN.parameters[resource_type].values():
        if parameter.name != "identifier" or resource_type == "DocumentReference":
            leading = {stem(path) for path in parameter.paths if leads_somewhere(resource_type, path)}
            assert {stem(path) for path in parameter.paths} == leading, parameter.name


@pytest.mark.parametrize("resource_type", sorted(KNOWN.compartment))
def test_the_compartment_is_made_of_reference_parameters(resource_type: str) -> None:
    for name in KNOWN.compartment[resource_type]:
        assert KNOWN.parameters[resource_type][name].kind == "reference"


def test_targets_are_types() -> None:
    for members in KNOWN.parameters.values():
        for parameter in members.values():
            assert parameter.targets <= KNOWN.types


def test_parameters_over_the_same_paths_share_their_rows() -> None:
    observation = KNOWN.parameters["Observation"]
    assert observation["patient"].number == observation["subject"].number
    assert len(KNOWN.indexed("Observation")) < len(observation)


def test_every_type_has_the_common_parameters() -> None:
    assert all({"identifier", "_profile", "_security", "_tag"} <= set(members) for members in KNOWN.parameters.values())
