"""The benchmarks of the document, and which of their figures stand there."""

from __future__ import annotations

from benchmarks.chapter import Chapter, Found
from benchmarks.figure import Figure


def _navigator(found: Found) -> list[Figure]:
    rows = found["rows"]
    full = [r for r in rows if r["question"] == "summary"]
    single = [r for r in rows if r not in full]
    return [
        Figure(words="model calls, one question", value=max(r["ours"]["calls"] for r in single), bound=2),
        Figure(words="prompt tokens, one question", value=max(r["ours"]["prompt_tokens"] for r in single), bound=8000),
        Figure(words="model calls, full round", value=max(r["ours"]["calls"] for r in full), bound=6),
        Figure(words="largest prompt, full round", value=max(r["ours"]["largest"] for r in full), bound=16000),
        Figure(
            words="of what matters, in the prompt (worst chart)",
            value=100 * min(r["in_prompt"] for r in full),
            unit="%",
            bound=100,
            side="at least",
        ),
        Figure(
            words="Navigator's prompt tokens beside ours, full round (median chart)",
            value=sorted(r["ratio"] for r in full)[len(full) // 2],
            unit="×",
        ),
    ]


def _fhir(found: Found) -> list[Figure]:
    facts, loading = found["facts"], found["loading"]
    return [
        Figure(
            words="validating a chart beside chart to facts", value=facts["factor"], unit="×", bound=15, side="at least"
        ),
        Figure(
            words="the same where a process reads each chart for the first time", value=facts["first_factor"], unit="×"
        ),
        Figure(words="the same from a server's bytes", value=facts["bytes_factor"], unit="×"),
        Figure(words="loaded, resources a CPU second", value=loading["a_second"], bound=1000, side="at least"),
        Figure(
            words="a search among 20,000 beside among 2,000 (worst)",
            value=max(r["growth"] for r in found["searches"]),
            unit="×",
            bound=2,
        ),
    ]


def _guidelines(found: Found) -> list[Figure]:
    others = [
        Figure(words=f"{engine} beside ours, one patient and measure (median)", value=row["ours_is_faster"], unit="×")
        for engine, row in found["engines"].items()
        if engine != "ours"
    ]
    return [
        *others,
        Figure(words="one patient and measure, CPU (median)", value=found["engines"]["ours"]["median_ms"], unit="ms"),
        Figure(
            words="all recommendations on the largest chart, CPU", value=1000 * found["cpu_seconds"]["own"], unit="ms"
        ),
    ]


def _search(found: Found) -> list[Figure]:
    figures = []
    for one in found["corpora"]:
        figures += [
            Figure(
                words=f"{one['name']}: nDCG@10, beside {one['plain']:.3f} of plain BM25",
                value=round(one["ndcg"], 3),
                bound=round(one["plain"], 3),
                side="at least",
            ),
            Figure(words=f"{one['name']}: a query, CPU (median)", value=one["cpu_ms_median"], unit="ms"),
        ]
    return figures


def _pages(found: Found) -> list[Figure]:
    cost = found["cost"]
    return [
        Figure(words="lines of a page (longest)", value=max(p["lines"] for p in found["pages"])),
        Figure(
            words="sentences abnormal, changed, current therapy or due",
            value=100 * found["share"],
            unit="%",
            bound=80,
            side="at least",
        ),
        Figure(words="results printed twice", value=sum(p["twice"] for p in found["pages"]), bound=0),
        Figure(
            words=f"appraisal and page, {cost['entries']:,} entries, CPU", value=cost["seconds"], unit="s", bound=0.5
        ),
        Figure(words="the same with ten times the entries", value=cost["growth"], unit="×", bound=12),
    ]


def _rounds(found: Found) -> list[Figure]:
    growth = found["growth"]
    largest = max(found["costs"], key=lambda c: c["entries"])
    return [
        Figure(words=f"a round on {largest['entries']:,} entries, CPU", value=largest["round_ms"], unit="ms"),
        Figure(words="the same round beside its page alone", value=largest["round_ms"] / largest["page_ms"], unit="×"),
        Figure(words="FHIR requests of it", value=largest["requests"]),
        Figure(words="bytes read for it", value=largest["read_bytes"]),
        Figure(
            words=f"the last of {growth['rounds']} rounds in a store beside the first",
            value=growth["last_ms"] / growth["first_ms"],
            unit="×",
            bound=1.2,
        ),
        Figure(
            words="kept of a closed round, artifacts apart", value=growth["store_bytes"] / 1000, unit="kB", bound=65.536
        ),
        Figure(words="artifacts of a round", value=growth["artifact_bytes"] / 1000, unit="kB"),
    ]


def _imaging(found: Found) -> list[Figure]:
    return [
        Figure(
            words="a chest film to the picture that is sent, beside plain pydicom and Pillow",
            value=found["ratio"],
            unit="×",
            bound=1.3,
        ),
        Figure(words=f"memory for a CT of {found['slices']} slices", value=found["peak_mib"], unit="MiB", bound=25),
        Figure(words="the same with all slices at once", value=found["all_at_once_mib"], unit="MiB"),
    ]


def _rounds_series(found: Found) -> tuple[list[float], str, str]:
    growth = found["growth"]
    return growth["series"], f"CPU of a round, from the first to the last of {growth['rounds']} in one store", "ms"


def _checkpoints(found: Found) -> list[Figure]:
    return [
        Figure(words="a round whose steps are kept, beside one that forgets them", value=found["factor"], unit="×"),
        Figure(words="steps of a waiting round", value=found["step_bytes"] / 1000, unit="kB"),
    ]


def _capacity(found: Found) -> list[Figure]:
    figures = []
    for need in found["needs"]:
        worded = "a model" if need["model"] else "rules only"
        plant = need["plant"]
        figures.append(Figure(words=f"{need['goal']}, {worded}: worker cores", value=plant["workers"]))
        if need["model"]:
            figures.append(Figure(words=f"{need['goal']}: model servers as stated", value=plant["model_servers"]))
    figures += [
        Figure(
            words=f"{one['plant']['name']}: charts a night, until the {one['breaks']} is full",
            value=one["a_night"],
        )
        for one in found["limits"]
    ]
    return figures


CAPACITY = Chapter(
    name="capacity",
    title="Capacity",
    words="From what one round costs, and from what is stated of model servers, to what goals need: [scale](scale.md).",
    module="benchmarks.capacity",
    figures=_capacity,
)
CHAPTERS = (
    Chapter(
        name="navigator",
        title="What a model is asked",
        words="Calls and prompt tokens of a round, beside the cost model of Google's EHR Navigator notebook with an "
        "oracle that picks only the resource types that hold the answer.",
        module="benchmarks.navigator",
        figures=_navigator,
    ),
    Chapter(
        name="fhir",
        title="FHIR",
        words="Reading a chart into facts, beside validating the same resources with `fhir.resources`; loading into "
        "the sandbox; the same filtered searches as it grows.",
        module="benchmarks.fhir",
        figures=_fhir,
    ),
    Chapter(
        name="guidelines",
        title="Guidelines",
        words="Published measures on their own cases, beside plain `cql-execution` and `fqm-execution` as they come.",
        module="benchmarks.guidelines",
        figures=_guidelines,
    ),
    Chapter(
        name="search",
        title="Literature search",
        words="Judged queries, beside plain BM25.",
        module="evals.search",
        folder="search",
        figures=_search,
    ),
    Chapter(
        name="imaging",
        title="Images",
        words="From DICOM to the picture that a model is sent, beside plain pydicom and Pillow.",
        module="benchmarks.imaging",
        data=False,
        figures=_imaging,
    ),
    Chapter(
        name="pages",
        title="Pages",
        words="What stands on the pages of the sample charts and the stories, and what they cost.",
        module="benchmarks.pages",
        figures=_pages,
    ),
    Chapter(
        name="rounds",
        title="Rounds",
        words="Whole rounds on the embedded defaults, sandbox included, beside the page alone; then many in one store.",
        module="benchmarks.rounds",
        figures=_rounds,
        series=_rounds_series,
    ),
    Chapter(
        name="checkpoints",
        title="Steps that survive a kill",
        words="The same rounds with LangGraph's steps kept in SQLite, beside steps kept in memory only.",
        module="benchmarks.checkpoints",
        data=False,
        figures=_checkpoints,
    ),
    CAPACITY,
)
"""In the document's order."""
