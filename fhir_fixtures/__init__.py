"""Synthetic patients as readable stories, and the compiler that turns them into FHIR R4 bundles; no real person."""

from importlib.resources import files
from pathlib import Path

PATIENTS: Path = Path(str(files(__name__))) / "patients"
"""The folder of the stories, one YAML file a patient."""
SCENARIOS: Path = Path(str(files(__name__))) / "scenarios"
"""The folder of the scenarios, one YAML file each."""
