"""Random searches over the Synthea charts: the sandbox finds what a plain reading of the same resources finds.

`TEST_SEARCHES` in the environment sets how many of each sort are tried (200 without it).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.depth import depth
from tests.integration.plain_search import (
    PARAMETERS,
    Asked,
    Kind,
    Match,
    Resource,
    at,
    by_code,
    by_date,
    by_number,
    by_target,
    by_text,
    codes,
    is_there,
    one_of,
    spans,
    targets,
)
from tests.unit.sandbox.serving import Served, content, ids, serving, synthea_files

SEARCHES = depth("SEARCHES", 200, ci=600)
PREFIXES = ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"]


class Charts:
    """What the server was given, as it says it stored it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.of: dict[str, list[Resource]] = {}

    async def found(self, query: str) -> dict[str, Any]:
        reply = await self.served.get(f"{query}&_count=5000")
        assert reply.status_code == 200, (query, reply.text)
        return dict(reply.json())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def charts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Charts]:
    files = synthea_files()
    async with serving(tmp_path_factory.mktemp("charts"), audit=False) as served:
        loaded = Charts(served)
        for path in files:
            reply = await served.send("POST", "", content(path), prefer="return=representation")
            assert reply.status_code == 200, reply.text[:500]
            for entry in reply.json()["entry"]:
                loaded.of.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
            served.clock.pass_seconds(3600)
        yield loaded


class Dice:
    """Random filters whose values come from the charts themselves."""

    def __init__(self, charts: Charts, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a test's dice
        self.charts = charts

    def filter(self, kind_of: str, name: str) -> Asked:
        """A filter on one parameter of one type."""
        kind, path = PARAMETERS[kind_of][name]
        if self.chance.random() < 0.1:
            wanted = self.chance.random() < 0.5
            asked = "true" if wanted else "false"
            return Asked(name=f"{name}:missing", value=asked, match=lambda r: is_there(kind, path, r) is not wanted)
        having = [one for one in self.charts.of[kind_of] if is_there(kind, path, one)]
        if not having:
            return Asked(name=name, value=_NOTHING[kind], match=lambda _: False)
        makers: dict[Kind, Callable[[str, str, list[Resource]], Asked]] = {
            "token": self._token,
            "date": self._date,
            "string": self._string,
            "quantity": self._quantity,
            "reference": self._reference,
            "uri": self._uri,
        }
        return makers[kind](name, path, having)

    def any_filter(self, kind_of: str) -> Asked:
        """A filter on any parameter, or on what every resource has."""
        if self.chance.random() < 0.1:
            some = [one["id"] for one in self.chance.sample(self.charts.of[kind_of], 2)]
            return Asked(name="_id", value=",".join(some), match=lambda resource: resource["id"] in some)
        if self.chance.random() < 0.1:
            sample = self.chance.choice(self.charts.of[kind_of])
            prefix = self.chance.choice(["ge", "lt", "gt", "le"])
            asked = sample["meta"]["lastUpdated"][: self.chance.choice([10, 19])]
            asked += "Z" if "T" in asked else ""
            return Asked(name="_lastUpdated", value=prefix + asked, match=by_date("meta.lastUpdated", prefix, asked))
        return self.filter(kind_of, self.chance.choice(sorted(PARAMETERS[kind_of])))

    def _token(self, name: str, path: str, having: list[Resource]) -> Asked:
        def one() -> tuple[str, Match]:
            system, code = self.chance.choice(codes(self.chance.choice(having), path))
            written = self.chance.choice(["code", "both", "both", "system"]) if system else "code"
            if written == "system":
                return f"{system}|", by_code(path, system, None)
            given = system if written == "both" else None
            return (f"{given}|{code}" if given else code), by_code(path, given, code)

        chosen = [one() for _ in range(self.chance.choice([1, 1, 2]))]
        match = one_of([match for _, match in chosen])
        value = ",".join(text for text, _ in chosen)
        if self.chance.random() < 0.2:
            return Asked(name=f"{name}:not", value=value, match=lambda resource: not match(resource))
        return Asked(name=name, value=value, match=match)

    def _date(self, name: str, path: str, having: list[Resource]) -> Asked:
        found = self.chance.choice(spans(self.chance.choice(having), path))[0]
        moved = found + timedelta(days=self.chance.choice([-400, -1, 0, 0, 1, 400]))
        form = self.chance.choice(["%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])
        asked, prefix = moved.astimezone(UTC).strftime(form), self.chance.choice(PREFIXES)
        return Asked(name=name, value=prefix + asked, match=by_date(path, prefix, asked))

    def _string(self, name: str, path: str, having: list[Resource]) -> Asked:
        text = str(self.chance.choice(list(at(self.chance.choice(having), path))))
        modifier = self.chance.choice(["", "", "exact", "contains"])
        start = self.chance.randrange(len(text)) if modifier == "contains" else 0
        asked = text if modifier == "exact" else text[start : start + self.chance.randint(1, 5)].strip() or text
        asked = self.chance.choice([asked, asked.upper(), asked.lower()])
        written = asked.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")
        return Asked(
            name=f"{name}:{modifier}" if modifier else name, value=written, match=by_text(path, modifier, asked)
        )

    def _quantity(self, name: str, path: str, having: list[Resource]) -> Asked:
        found = self.chance.choice([one for one in at(self.chance.choice(having), path) if "value" in one])
        asked = str(round(float(found["value"]), self.chance.choice([0, 1, 2])))
        prefix = self.chance.choice(["eq", "ne", "gt", "ge", "lt", "le"])
        code = self.chance.choice([None, found.get("code")])
        value = f"{prefix}{asked}" + (f"|{found['system']}|{code}" if code else "")
        return Asked(name=name, value=value, match=by_number(path, prefix, asked, code))

    def _reference(self, name: str, path: str, having: list[Resource]) -> Asked:
        target = self.chance.choice(targets(self.chance.choice(having), path))
        kind, _, logical_id = target.partition("/")
        forms = [(name, target), (name, f"http://sandbox.test/fhir/{target}"), (f"{name}:{kind}", logical_id)]
        written, value = self.chance.choice(forms)
        return Asked(name=written, value=value, match=by_target(path, target))

    def _uri(self, name: str, path: str, having: list[Resource]) -> Asked:
        asked = self.chance.choice(list(at(self.chance.choice(having), path)))
        return Asked(name=name, value=asked, match=lambda resource: asked in at(resource, path))


_NOTHING: dict[Kind, str] = {
    "token": "no",
    "date": "2020",
    "string": "no",
    "quantity": "1",
    "reference": "no",
    "uri": "no",
}


def query(kind_of: str, filters: list[Asked], *more: str) -> str:
    return f"{kind_of}?{'&'.join([*(f'{one.name}={quote(one.value)}' for one in filters), *more])}"


def of_type(filters: list[Asked], resources: list[Resource]) -> set[str]:
    return {one["id"] for one in resources if all(asked.match(one) for asked in filters)}


@pytest.mark.asyncio(loop_scope="module")
async def test_filters(charts: Charts) -> None:
    """Every parameter of every type, and random ones together."""
    every = [(kind, [name]) for kind, names in PARAMETERS.items() for name in names]
    drawn: list[tuple[str, list[str]]] = []
    asked_with: set[str] = set()
    for seed in range(SEARCHES + len(every)):
        dice = Dice(charts, seed)
        if seed < len(every):
            kind, (name,) = every[seed]
            filters = [dice.filter(kind, name)]
        else:
            kind = dice.chance.choice(sorted(PARAMETERS))
            filters = [dice.any_filter(kind) for _ in range(dice.chance.choice([1, 2, 2, 3]))]
            drawn.append((kind, [one.name for one in filters]))
        asked_with.update(one.name.partition(":")[2] for one in filters)
        expected = of_type(filters, charts.of[kind])
        written = query(kind, filters)
        bundle = await charts.found(written)
        found = ids(bundle)
        assert (len(found), set(found)) == (len(expected), expected), written
        assert bundle["total"] == len(expected)
    assert len(drawn) == SEARCHES
    assert {"missing", "not", "exact", "contains", "Patient"} <= asked_with


@pytest.mark.asyncio(loop_scope="module")
async def test_chains(charts: Charts) -> None:
    """Filters on what is pointed at, and on what points here."""
    forward = [("Observation", "subject", "Patient"), ("Condition", "encounter", "Encounter")]
    forward += [("MedicationRequest", "requester", "Practitioner"), ("Encounter", "location", "Location")]
    elements = {
        "subject": "subject",
        "encounter": "encounter",
        "requester": "requester",
        "location": "location.location",
    }
    for seed in range(SEARCHES // 4):
        dice = Dice(charts, seed)
        kind, through, target = dice.chance.choice(forward)
        name = dice.chance.choice(sorted(PARAMETERS[target]))
        inner = dice.filter(target, name)
        meant = {f"{target}/{one}" for one in of_type([inner], charts.of[target])}
        expected = {one["id"] for one in charts.of[kind] if meant.intersection(targets(one, elements[through]))}
        written = f"{kind}?{through}:{target}.{inner.name}={quote(inner.value)}"
        assert set(ids(await charts.found(written))) == expected, written
        kind = dice.chance.choice(["Observation", "Condition", "Procedure", "Encounter"])
        inner = dice.filter(kind, dice.chance.choice(sorted(PARAMETERS[kind])))
        pointing = of_type([inner], charts.of[kind])
        owners = {t for one in charts.of[kind] if one["id"] in pointing for t in targets(one, "subject")}
        written = f"Patient?_has:{kind}:patient:{inner.name}={quote(inner.value)}"
        assert {f"Patient/{one}" for one in ids(await charts.found(written))} == owners, written


@pytest.mark.asyncio(loop_scope="module")
async def test_orders(charts: Charts) -> None:
    """By any parameter, either way: whoever has no value comes last."""
    for seed in range(SEARCHES // 10):
        dice = Dice(charts, seed)
        kind = dice.chance.choice(sorted(PARAMETERS))
        name = dice.chance.choice([n for n, (of, _) in PARAMETERS[kind].items() if of in {"date", "token", "quantity"}])
        down = dice.chance.random() < 0.5
        bundle = await charts.found(f"{kind}?_sort={'-' if down else ''}{name}")
        by_id = {one["id"]: one for one in charts.of[kind]}
        shown = [by_id[one] for one in ids(bundle)]
        assert len(shown) == len(by_id)
        values = [sorted(_keys(one, *PARAMETERS[kind][name])) for one in shown]
        with_value = [one[-1] if down else one[0] for one in values if one]
        assert all(values[: len(with_value)]), (kind, name)
        assert with_value == sorted(with_value, reverse=down), (kind, name, down)


def _keys(resource: Resource, kind: Kind, path: str) -> list[Any]:
    if kind == "date":
        return [low for low, _ in spans(resource, path)]
    if kind == "quantity":
        return [float(one["value"]) for one in at(resource, path) if "value" in one]
    return [code for _, code in codes(resource, path)]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_comes_along(charts: Charts) -> None:
    """What the matches point at, and what points at them: all of it, once, and nothing else."""
    for seed in range(SEARCHES // 4):
        dice = Dice(charts, seed)
        kind = dice.chance.choice(["Observation", "Condition", "Encounter", "MedicationRequest", "Procedure"])
        filters = [dice.filter(kind, dice.chance.choice(sorted(PARAMETERS[kind])))]
        name = dice.chance.choice([n for n, (of, _) in PARAMETERS[kind].items() if of == "reference"])
        matches = of_type(filters, charts.of[kind])
        matched = [one for one in charts.of[kind] if one["id"] in matches]
        pointed = {target for one in matched for target in targets(one, PARAMETERS[kind][name][1])}
        written = query(kind, filters, f"_include={kind}:{name}")
        assert _beside(await charts.found(written)) == pointed, written
        [patient] = dice.chance.sample(charts.of["Patient"], 1)
        pointing = {
            f"{kind}/{one['id']}" for one in charts.of[kind] if f"Patient/{patient['id']}" in targets(one, "subject")
        }
        written = f"Patient?_id={patient['id']}&_revinclude={kind}:subject"
        assert _beside(await charts.found(written)) == pointing, written


def _beside(bundle: dict[str, Any]) -> set[str]:
    beside = [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "include"]
    names = [f"{one['resourceType']}/{one['id']}" for one in beside]
    assert len(names) == len(set(names))
    return set(names)
