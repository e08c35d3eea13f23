"""`preround subscribe`: have the FHIR server ring when something is new, so that rounds begin by themselves."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from preround.door import Fhir, Json, enter, leave, out, settings_with, write_json
from preround.failure import Missing
from preround.subscriptions import registering
from preround.subscriptions.beginning import switched_off, waits
from preround.subscriptions.registering import Registered
from preround.subscriptions.rules import Rule, Rules, load_rules
from preround.wiring import House
from store import beginnings

subscribe = typer.Typer(
    help="Rounds that begin by themselves: subscriptions of the FHIR server, and the rules of what begins which round.",
    no_args_is_help=True,
)

Names = Annotated[list[str] | None, typer.Argument(metavar="[RULE]...", help="Rules by name; all without one.")]


@subscribe.command("add")
def add(
    rules: Names = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="How the FHIR server reaches `preround serve`.")
    ] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Have the FHIR server ring for these rules: make its Subscriptions, or renew them with a new secret.

    A Subscription that is in error is started again. Rounds begin while `preround serve` runs with `enabled = true` in
    the table [subscriptions]. Example: `preround subscribe add admission --url https://preround.example`.
    Exit codes: 2 the server could not reach the address · 3 no such rule · 4 or 5 the server refused or is away.
    """

    async def work(house: House) -> int:
        found = [await registering.subscribe(house, one, url=url) for one in _chosen(house, rules)]
        if not house.settings.subscriptions.enabled and json != "-":
            out.print("Rounds don't begin yet: set `enabled = true` in [subscriptions] of preround.toml.", markup=False)
        return _said(house, found, json)

    enter(work, fhir=fhir, json=json)


@subscribe.command("list")
def list_(fhir: Fhir = None, json: Json = None) -> None:
    """How each rule stands: the server's Subscription, the last look, and the rounds that began."""

    async def work(house: House) -> int:
        names = [one.name for one in load_rules(house.settings.subscriptions.rules).rule]
        return _said(house, await registering.standings(house, names), json)

    enter(work, fhir=fhir, json=json)


@subscribe.command("remove")
def remove(rules: Names = None, fhir: Fhir = None, json: Json = None) -> None:
    """Have the server ring no more: its Subscriptions are turned off, and their secrets open nothing any more.

    Rounds go on to begin where the server is asked in turn; `enabled = false` in [subscriptions] ends that.
    Exit codes: 3 no such rule · 4 or 5 the server refused or is away; the secret is void all the same.
    """

    async def work(house: House) -> int:
        found = [await registering.unsubscribe(house, one.name) for one in _chosen(house, rules)]
        return _said(house, found, json)

    enter(work, fhir=fhir, json=json)


@subscribe.command("rules")
def rules_(json: Json = None) -> None:
    """The rules in force: what begins which round. Exit code 2: the site's own rules can't be used."""

    def work() -> int:
        found = load_rules(settings_with().subscriptions.rules).rule
        if json is not None:
            write_json([one.model_dump(mode="json") for one in found], json)
        if json != "-":
            out.print(_rules_table(found))
        return 0

    leave(work, json=json)


def _chosen(house: House, names: list[str] | None) -> tuple[Rule, ...]:
    """The rules of these names.

    Raises:
        Missing: there is none of a name.
    """
    found: Rules = load_rules(house.settings.subscriptions.rules)
    strange = next((one for one in names or () if found.named(one) is None), None)
    if strange is not None:
        there = ", ".join(one.name for one in found.rule)
        raise Missing(f"There is no rule of that name; choose among {there}")
    return tuple(one for one in found.rule if not names or one.name in names)


def _said(house: House, found: list[Registered], json: str | None) -> int:
    with house.services.db.read() as connection:
        tally = beginnings.tally(connection)
    if json is not None:
        write_json([_row(one, tally) for one in found], json)
    if json != "-":
        out.print(_table(found, tally))
        for one in found:
            for words in (one.error, one.watch.problem if one.watch else None):
                if words:
                    out.print(f"{one.rule}: {words}", style="red", markup=False)
        for tasks, why in switched_off(house).items():
            out.print(f"What is due of {', '.join(tasks)} waits. {why}", markup=False)
        if (waiting := waits(house)) > 0:
            out.print(f"{waiting} wait: as many rounds began within the hour as may (`rounds_an_hour`).", markup=False)
    return 0


def _row(one: Registered, tally: dict[tuple[str, str], int]) -> dict[str, Any]:
    watch = one.watch
    return {
        "rule": one.rule,
        "subscription": one.subscription,
        "status": one.status,
        "error": one.error,
        "endpoint": watch.endpoint if watch else None,
        "looked": watch.looked.isoformat() if watch and watch.looked else None,
        "mark": watch.mark.isoformat() if watch and watch.mark else None,
        "behind": watch.behind if watch else False,
        "problem": watch.problem if watch else None,
        "rounds": {state: tally.get((one.rule, state), 0) for state in ("waiting", "begun", "refused")},
    }


def _table(found: list[Registered], tally: dict[tuple[str, str], int]) -> Table:
    table = Table()
    for name in ("rule", "status", "last look", "rounds begun", "waiting"):
        table.add_column(name, overflow="fold")
    for one in found:
        looked = f"{one.watch.looked:%Y-%m-%d %H:%M:%S}" if one.watch and one.watch.looked else "never"
        counts = (str(tally.get((one.rule, state), 0)) for state in ("begun", "waiting"))
        table.add_row(one.rule, one.status, looked, *counts)
    return table


def _rules_table(found: tuple[Rule, ...]) -> Table:
    table = Table()
    for name in ("rule", "waits for", "tasks", "after", "apart"):
        table.add_column(name, overflow="fold")
    for one in found:
        after, apart = f"{one.wait_seconds:g} s", f"{one.apart_seconds:g} s"
        table.add_row(one.name, one.criteria, ", ".join(one.tasks), after, apart)
    return table
