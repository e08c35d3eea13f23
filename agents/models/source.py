"""Source attributes of a model: the 31 that ONC's HTI-1 rule asks of a predictive decision support intervention.

45 CFR 170.315(b)(11)(iv)(B), in its nine groups and its order. What nobody has published is said to be unknown; what
only the site can know (how it does on its own patients) is for the site to fill in, in its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field

UNKNOWN = "unknown"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Details and output": ("developer", "funding", "output", "output_type"),
    "Purpose": ("intended_use", "intended_population", "intended_users", "decision_role"),
    "Cautioned out-of-scope use": ("out_of_scope", "risks_and_limitations"),
    "Development and input features": ("training_data", "input_features", "representativeness", "relevance"),
    "Fairness in development": ("fairness_approach", "bias_management"),
    "External validation": (
        "external_data",
        "external_party",
        "external_representativeness",
        "external_process",
    ),
    "Quantitative measures": (
        "validity_test",
        "fairness_test",
        "validity_external",
        "fairness_external",
        "outcome_evaluations",
    ),
    "Ongoing maintenance": (
        "validity_monitoring",
        "validity_local",
        "fairness_monitoring",
        "fairness_local",
    ),
    "Updates": ("update_schedule", "correction_schedule"),
}
"""Every attribute, by the group that the rule puts it in."""


class SourceAttributes(BaseModel):
    """What is known of where a model comes from, what it is for and how it was tested."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    developer: str = Field(default=UNKNOWN, min_length=1, title="Developer and contact")
    """Who made it, and where to reach them."""
    funding: str = Field(default=UNKNOWN, min_length=1, title="Funding of its development")
    """Who paid for it."""
    output: str = Field(default=UNKNOWN, min_length=1, title="What it gives")
    """The value that it produces."""
    output_type: str = Field(default=UNKNOWN, min_length=1, title="Kind of output")
    """Prediction, classification, recommendation, evaluation, analysis, or another kind."""
    intended_use: str = Field(default=UNKNOWN, min_length=1, title="Intended use")
    """What its developer made it for."""
    intended_population: str = Field(default=UNKNOWN, min_length=1, title="Intended patients")
    """For whom."""
    intended_users: str = Field(default=UNKNOWN, min_length=1, title="Intended users")
    """Who is meant to use it."""
    decision_role: str = Field(default=UNKNOWN, min_length=1, title="Role in decisions")
    """Whether it informs, augments or replaces clinical management."""
    out_of_scope: str = Field(default=UNKNOWN, min_length=1, title="Tasks, situations and patients to keep it from")
    """Against what its developer cautions."""
    risks_and_limitations: str = Field(default=UNKNOWN, min_length=1, title="Known risks and limitations")
    """What is known to go wrong."""
    training_data: str = Field(default=UNKNOWN, min_length=1, title="Training data, what was in and out of it")
    """What it learned from, with inclusion and exclusion criteria where they are known."""
    input_features: str = Field(
        default=UNKNOWN, min_length=1, title="Race, language, sex, age, social needs and the like as input"
    )
    """Which of the demographic and social elements that the rule names it is given."""
    representativeness: str = Field(default=UNKNOWN, min_length=1, title="Whom the training data represents")
    """Demographic representativeness of the training data."""
    relevance: str = Field(default=UNKNOWN, min_length=1, title="Relevance of the training data to the setting")
    """How near the training data is to where it is used."""
    fairness_approach: str = Field(default=UNKNOWN, min_length=1, title="How fairness was sought")
    """What the developer did so that the output is fair."""
    bias_management: str = Field(default=UNKNOWN, min_length=1, title="How bias was managed")
    """What was done to reduce bias."""
    external_data: str = Field(default=UNKNOWN, min_length=1, title="Data or setting of external validation")
    """Where it was assessed outside the source of its training data."""
    external_party: str = Field(default=UNKNOWN, min_length=1, title="Who validated it externally")
    """The party that did so."""
    external_representativeness: str = Field(default=UNKNOWN, min_length=1, title="Whom the external data represents")
    """Demographic representativeness of that data."""
    external_process: str = Field(default=UNKNOWN, min_length=1, title="How it was validated externally")
    """The process."""
    validity_test: str = Field(default=UNKNOWN, min_length=1, title="Validity, on data from the training source")
    """Figures on held-out parts of what it was trained on, with their source."""
    fairness_test: str = Field(default=UNKNOWN, min_length=1, title="Fairness, on data from the training source")
    """Figures by group."""
    validity_external: str = Field(default=UNKNOWN, min_length=1, title="Validity, on external data")
    """Figures on other data, with their source."""
    fairness_external: str = Field(default=UNKNOWN, min_length=1, title="Fairness, on external data")
    """Figures by group on other data."""
    outcome_evaluations: str = Field(default=UNKNOWN, min_length=1, title="Evaluations of its use on outcomes")
    """References to studies of what its use did for patients."""
    validity_monitoring: str = Field(default=UNKNOWN, min_length=1, title="How validity is watched over time")
    """Process and frequency."""
    validity_local: str = Field(default=UNKNOWN, min_length=1, title="Validity on local data")
    """Measured by the site that uses it."""
    fairness_monitoring: str = Field(default=UNKNOWN, min_length=1, title="How fairness is watched over time")
    """Process and frequency."""
    fairness_local: str = Field(default=UNKNOWN, min_length=1, title="Fairness on local data")
    """Measured by the site that uses it."""
    update_schedule: str = Field(default=UNKNOWN, min_length=1, title="How and how often it is updated")
    """Process and frequency."""
    correction_schedule: str = Field(default=UNKNOWN, min_length=1, title="How often performance is corrected")
    """When risks to validity or fairness are found."""

    @property
    def known(self) -> int:
        """How many of the attributes are not unknown."""
        return sum(value != UNKNOWN for value in self.model_dump().values())

    def grouped(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Each group with the titles and values of its attributes."""
        fields = type(self).model_fields
        for group, keys in GROUPS.items():
            yield group, [(str(fields[key].title), getattr(self, key)) for key in keys]
