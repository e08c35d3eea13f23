"""A fresh database with a round in it, and the proposals that tests decide."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest

from claims.author import Author, device_reference
from review.policy import Policy, load_policy
from review.proposal import Draft, Proposal, propose
from store import runs
from store.database import Database

NOW = datetime(2021, 8, 1, 7, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
AUTHOR = Author(device_name="Preround", version="0.1.0", reasoner="offline")
PATIENT = {"reference": "Patient/p1"}

SITE_POLICY = """
name = "site"
[people]
named = [
  { name = "Ada Prescriber", roles = ["clinician", "prescriber"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Eve Prescriber", roles = ["clinician", "prescriber"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Ben Pharmacist", roles = ["pharmacist"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Cyd Attending", roles = ["prescriber", "attending"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Dan Clinician", roles = ["clinician"] },
  { name = "Flo Prescriber", roles = ["prescriber"] },
]
"""


@pytest.fixture
def db(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    with database.write() as connection:
        runs.create(connection, a_run())
    yield database
    database.close()


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The embedded policy: any named person may sign."""
    return load_policy()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Policy:
    """A site's policy: the embedded rules, people known by name."""
    embedded = resources.files("review").joinpath("policy.toml").read_text(encoding="utf-8")
    rules = embedded[embedded.index("# Who may send an item back") :]
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_text(SITE_POLICY + rules, encoding="utf-8")
    return load_policy(path)


def a_run(run_id: str = "run-1", patient: str = "Patient/p1") -> runs.Run:
    return runs.Run(
        run_id=run_id,
        patient=patient,
        tasks=("summary", "suggestions"),
        as_of=NOW,
        reasoner="offline",
        status="awaiting_review",
        graph_version="1",
        created=NOW,
        updated=NOW,
    )


def summary(title: str = "Summary", **changes: Any) -> Draft:
    resource = {
        "resourceType": "Composition",
        "status": "preliminary",
        "type": {"coding": [{"system": "http://loinc.org", "code": "60591-5"}]},
        "subject": PATIENT,
        "date": "2021-08-01T07:00:00+00:00",
        "author": [device_reference(AUTHOR)],
        "title": title,
    }
    return Draft(**{"task": "summary", "title": title, "resource": resource, "sources": SOURCES} | changes)


def lab(text: str = "Hemoglobin A1c", **changes: Any) -> Draft:
    resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {"text": text},
        "subject": PATIENT,
    }
    return Draft(**{"task": "suggestions", "title": text, "resource": resource, "sources": SOURCES} | changes)


def medication(text: str, **changes: Any) -> Draft:
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {"text": text},
        "subject": PATIENT,
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 40, "unit": "mg"}}]}],
    }
    return Draft(**{"task": "suggestions", "title": text, "resource": resource, "sources": SOURCES} | changes)


SOURCES = ("Observation/1/_history/2", "MedicationRequest/9/_history/1")


def a_proposal(*drafts: Draft, policy: Policy, run_id: str = "run-1", revision: int = 1) -> Proposal:
    return propose(
        run_id=run_id,
        patient="Patient/p1",
        as_of=NOW,
        revision=revision,
        author=AUTHOR,
        drafts=drafts or (summary(), lab()),
        based_on=SOURCES,
        policy=policy,
    )
