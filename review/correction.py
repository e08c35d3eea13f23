"""Who may change what of a resource: clinicians what its form offers, informaticists every element of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claims.canonical import exact_bytes
from claims.note import reworded, words_of
from review.errors import EditUnusable
from review.forms import edited, form_of


def by_form(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an edit is one that the resource's own form can make, whatever door it came in by.

    The form is filled in with what the edited resource says; what comes out must be that resource.

    Args:
        before: the resource as it was proposed.
        after: the resource as it was edited.
    """
    if before == after:
        return True
    words = words_of(after)
    try:
        if words is not None and words_of(before) is not None:
            made = reworded(before, words)
        else:
            made = edited(before, {one.name: one.value for one in form_of(after)})
        return exact_bytes(made) == exact_bytes(dict(after))
    except (EditUnusable, ValueError, TypeError, AttributeError, LookupError):
        # An element of another shape than the form knows: none that a form has made.
        return False
