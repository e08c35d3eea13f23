"""A search's filters as SQL conditions on the resource table.

One positive filter, the one likely to leave least, leads from its values to the resources; the others are checked
resource by resource. So a search costs what its leading filter finds, however much else is stored.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Table, and_, exists, or_, select, union_all

from preround.sandbox import tables
from preround.sandbox.comparisons import allowed_targets, comparisons, in_range, tokens, unknown_modifier
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import Parameter, registry
from preround.sandbox.terms import Filter, parse_filter, search_parameter, unescape
from preround.sandbox.values import identifier_number

Condition = ColumnElement[bool]
Keys = Select[int]

_RANK = {"identifier": 1, "reference": 2, "uri": 3, "token": 4, "string": 5, "date": 6, "quantity": 7}
_DIRECT = 0  # a filter on the resource table itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One filter on its way to SQL."""

    rank: int
    """Lower is likely to leave less."""
    check: Condition
    """Holds of a row of the resource table."""
    lead: tuple[Keys, ...] | None = None
    """Selects of the keys that hold, to be united; None if the filter cannot lead."""


def conditions(
    resource_type: str, filters: tuple[Filter, ...], base: str, within: Keys | None = None
) -> tuple[Condition, ...]:
    """What a current resource of the type must meet, for a WHERE on the resource table.

    Args:
        resource_type: type searched.
        filters: all must hold.
        base: this server's address.
        within: keys of this type to stay within; all if None.

    Raises:
        FhirError: 400 for a filter that cannot be.
    """
    criteria = sorted((_criterion(resource_type, item, base) for item in filters), key=lambda one: one.rank)
    if within is not None:
        return (tables.resource.c.key.in_(within), *(one.check for one in criteria))
    leader = next((one for one in criteria if one.lead), None)
    if leader is None or not leader.lead or any(item.name == "_id" for item in filters):
        r = tables.resource.c
        return (r.type == resource_type, r.deleted == 0, *(one.check for one in criteria))
    led = leader.lead[0] if len(leader.lead) == 1 else union_all(*leader.lead)
    return (tables.resource.c.key.in_(led), *(one.check for one in criteria if one is not leader))


def matching_keys(resource_type: str, filters: tuple[Filter, ...], base: str) -> Keys:
    """The keys of what matches, as a subquery of its own."""
    # A derived table: SQLAlchemy would tie a bare subquery over `resource` to the query around it.
    chosen = select(tables.resource.c.key).where(*conditions(resource_type, filters, base)).subquery()
    return select(chosen.c.key)


def _criterion(resource_type: str, item: Filter, base: str) -> Criterion:
    if item.name == "_id":
        ids = [unescape(value) for value in item.values]
        return Criterion(rank=_DIRECT, check=tables.resource.c.id.in_(ids))
    if item.name == "_lastUpdated":
        updated = tables.resource.c.updated
        return Criterion(rank=_DIRECT, check=or_(*(in_range(updated, updated + 1000, value) for value in item.values)))
    if item.name == "_has":
        return _reverse_chain(resource_type, item, base)
    parameter = search_parameter(resource_type, item.name)
    if item.chain:
        return _chain(parameter, item, base)
    if item.modifier == "missing":
        return _missing(parameter, item)
    if item.modifier == "identifier" and parameter.kind == "reference":
        number = identifier_number(parameter)
        return _by_rows(tables.token, number, tokens(item.values), _RANK["token"])
    return _compared(parameter, item, base)


def _compared(parameter: Parameter, item: Filter, base: str) -> Criterion:
    negated = item.modifier == "not"
    if negated and parameter.kind not in {"token", "uri"}:
        raise unknown_modifier(parameter, "not")
    modifier = "" if negated else item.modifier
    table = tables.INDEX_TABLES[parameter.kind]
    held = comparisons(parameter, modifier, item.values, base)
    rank = _RANK["identifier" if parameter.name == "identifier" else parameter.kind]
    found = _by_rows(table, parameter.number, held, rank)
    return Criterion(rank=rank, check=~found.check) if negated else found


def _by_rows(table: Table, number: int, held: list[Condition], rank: int) -> Criterion:
    return Criterion(
        rank=rank,
        check=exists().where(_own_row(table, number), or_(*held)).correlate(tables.resource),
        lead=tuple(select(table.c.key).where(table.c.param == number, one) for one in held),
    )


def _own_row(table: Table, number: int) -> Condition:
    # The sum keeps SQLite from walking an index of values: the rows of one resource are few and lie together.
    return and_(table.c.key == tables.resource.c.key, table.c.param + 0 == number)


def _missing(parameter: Parameter, item: Filter) -> Criterion:
    if item.values not in {("true",), ("false",)}:
        raise FhirError(400, "value", "The modifier :missing is true or false.")
    table = tables.INDEX_TABLES[parameter.kind]
    own = [_own_row(table, parameter.number)]
    if parameter.kind == "reference" and parameter.targets:
        own.append(table.c.target_type.in_(sorted({*parameter.targets, ""})))
    some = exists().where(*own).correlate(tables.resource)
    return Criterion(rank=8, check=~some if item.values == ("true",) else some)


def _chain(parameter: Parameter, item: Filter, base: str) -> Criterion:
    if parameter.kind != "reference":
        raise FhirError(400, "value", f"Only a reference can be followed: '{parameter.name}' is none.")
    name = item.chain.partition(":")[0]
    if "." in item.chain or name == "_has":
        raise FhirError(400, "not-supported", "Chains go one step: parameter.parameter.")
    if item.modifier and item.modifier not in registry().types:
        raise unknown_modifier(parameter, item.modifier)
    reachable = sorted(allowed_targets(parameter, item.modifier) or registry().types)
    types = [one for one in reachable if name in {"_id", "_lastUpdated"} or name in registry().parameters[one]]
    if not types:
        raise FhirError(400, "not-supported", f"Nothing that '{parameter.name}' points at has a parameter '{name}'.")
    if len(types) > _MAX_CHAIN_TYPES:
        raise FhirError(400, "value", f"Say which type '{parameter.name}' points at: {parameter.name}:Type.{name}.")
    followed = [_followed(parameter, one, item, base) for one in types]
    check = or_(*(tables.resource.c.key.in_(one) for one in followed))
    rank = max(_rank(one, item.chain) for one in types)
    return Criterion(rank=rank, check=check, lead=tuple(followed))


_MAX_CHAIN_TYPES = 10


def _rank(resource_type: str, asked: str) -> int:
    """A chain leaves about as little as what stands at its end, but no less than a reference."""
    name = asked.partition(":")[0]
    if name in {"_id", "identifier"}:
        return _RANK["reference"]
    return _RANK["string"] if name == "_lastUpdated" else _RANK[search_parameter(resource_type, name).kind] + 1


def _followed(parameter: Parameter, target: str, item: Filter, base: str) -> Keys:
    r, pointed = tables.reference.c, tables.resource.alias()
    inner = (parse_filter(target, item.chain, ",".join(item.values)),)
    # Not a join, which SQLite may walk from the wrong end: from the few that match to what points at them.
    named = select(pointed.c.id).where(pointed.c.key.in_(matching_keys(target, inner, base)))
    return select(r.key).where(r.param == parameter.number, r.target_type == target, r.target_id.in_(named))


def _reverse_chain(resource_type: str, item: Filter, base: str) -> Criterion:
    source, _, rest = item.chain.partition(":")
    through, _, name = rest.partition(":")
    if source not in registry().types or not through or not name:
        raise FhirError(400, "value", "A reverse chain is written _has:Type:reference:parameter=value.")
    if name.startswith("_has") or "." in name:
        raise FhirError(400, "not-supported", "Reverse chains go one step.")
    parameter = search_parameter(source, through)
    if parameter.kind != "reference" or (parameter.targets and resource_type not in parameter.targets):
        raise FhirError(400, "value", f"The parameter '{through}' of {source} does not point at {resource_type}.")
    inner = (parse_filter(source, name, ",".join(item.values)),)
    r, pointed = tables.reference.c, tables.resource.alias()
    found = select(r.target_id).where(
        r.key.in_(matching_keys(source, inner, base)), r.param == parameter.number, r.target_type == resource_type
    )
    keys = select(pointed.c.key).where(
        pointed.c.type == resource_type, pointed.c.deleted + 0 == 0, pointed.c.id.in_(found)
    )
    return Criterion(rank=_RANK["string"], check=tables.resource.c.key.in_(keys), lead=(keys,))
