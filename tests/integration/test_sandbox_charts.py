"""Synthetic charts in the sandbox: whole, as they were sent, and read back in little time."""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.sandbox.serving import Served, content, ids, link, serving, synthea_files

Resource = dict[str, Any]


class Charts:
    """What the server was given, as it says it stored it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.of_type: dict[str, list[Resource]] = {}

    def all(self) -> Iterator[Resource]:
        for resources in self.of_type.values():
            yield from resources


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def charts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Charts]:
    files = synthea_files()
    async with serving(tmp_path_factory.mktemp("charts")) as served:
        loaded = Charts(served)
        for path in files:
            reply = await served.send("POST", "", content(path), prefer="return=representation")
            assert reply.status_code == 200, reply.text[:500]
            for entry in reply.json()["entry"]:
                assert entry["response"]["status"] == "201 Created", entry
                loaded.of_type.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
            served.clock.pass_seconds(3600)
        yield loaded


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_points_nowhere(charts: Charts) -> None:
    known = {f"{one['resourceType']}/{one['id']}" for one in charts.all()}
    texts = [json.dumps(one) for one in charts.all()]
    pointed = {target for text in texts for target in re.findall(r'"reference": "([^#"]+)"', text)}
    assert len(pointed) > 1000
    assert pointed <= known


@pytest.mark.asyncio(loop_scope="module")
async def test_everything_is_the_whole_chart(charts: Charts) -> None:
    for patient in charts.of_type["Patient"]:
        path = f"Patient/{patient['id']}"
        own = {
            one["id"]
            for one in charts.all()
            if any(one.get(name, {}).get("reference") == path for name in ("subject", "patient"))
        }
        found, address = [], f"{path}/$everything?_count=500"
        while address:
            page = (await charts.served.get(address)).json()
            found += [(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in page["entry"]]
            address = link(page, "next") or ""
        assert len(found) == len(set(found)) == page["total"]
        assert own <= {name for _, name in found}
        assert [one for one in found if one[0] == "Patient"] == [("Patient", patient["id"])]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_stored_resource_is_what_was_sent_but_for_ids_and_meta(charts: Charts) -> None:
    path = synthea_files()[-1]
    sent = json.loads(content(path), parse_float=str)["entry"]
    names = {entry["fullUrl"] for entry in sent}
    texts = sorted(masked(entry["resource"], names) for entry in sent)
    [patient] = [entry["resource"] for entry in sent if entry["resource"]["resourceType"] == "Patient"]
    [only] = await charts.served.found(f"Patient?identifier={patient['identifier'][0]['value']}")
    stored: list[Resource] = []
    for resource_type in {entry["resource"]["resourceType"] for entry in sent} - {"Medication", "Patient"}:
        raw = (await charts.served.get(f"{resource_type}?patient={only}&_count=5000")).content
        stored += [entry["resource"] for entry in json.loads(raw, parse_float=str).get("entry", [])]
    stored.append(json.loads((await charts.served.get(f"Patient/{only}")).content, parse_float=str))
    found = {masked(one, names) for one in stored}
    assert found <= set(texts)
    assert len(stored) == sum(entry["resource"]["resourceType"] != "Medication" for entry in sent)


def masked(resource: Resource, names: set[str]) -> str:
    rest = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    text = re.sub(r'"reference": "[^"]*"', '"reference": "*"', json.dumps(rest, sort_keys=True))
    return re.sub("|".join(map(re.escape, sorted(names))), "*", text)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_long_chart_is_searched_in_little_time(charts: Charts) -> None:
    counts = {one["id"]: 0 for one in charts.of_type["Patient"]}
    for one in charts.of_type["Observation"]:
        counts[one["subject"]["reference"].removeprefix("Patient/")] += 1
    longest = max(counts, key=lambda name: counts[name])
    query = f"Observation?patient={longest}&_count=5000"
    spent = []
    for _ in range(5):
        began = time.process_time()
        reply = await charts.served.get(query)
        spent.append(time.process_time() - began)
    assert len(ids(reply.json())) == counts[longest]
    assert min(spent) < 0.1  # seconds of this process, where some 1,000 resources are sent
