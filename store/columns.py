"""The two column types that every table shares: an instant in UTC and a JSON value, both kept as text."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def instant_text(value: datetime) -> str:
    """An aware datetime as `UtcInstant` keeps it.

    Raises:
        ValueError: when it has no time zone.
    """
    if value.tzinfo is None:
        raise ValueError("Give the store datetimes with a time zone.")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def json_text(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A JSON value as `JsonText` keeps it.

    Raises:
        ValueError: when it holds NaN or an infinity, which JSON does not have.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime, kept as ISO 8601 text in UTC with microseconds, so that text order is time order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Turn an aware datetime into text."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Turn the stored text back into an aware datetime in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class JsonText(TypeDecorator[Any]):
    """A JSON value, kept as text with sorted keys, so that equal values are equal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401 (any JSON value)
        """Turn a JSON value into text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401 (any JSON value)
        """Turn the stored text back into a JSON value."""
        return None if value is None else json.loads(value)
