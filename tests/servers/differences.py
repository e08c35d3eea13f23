"""Where a server differs from what our client would have: each test that fails there, and why.

A test that is named here and passes after all is a failure, and so is a name that no test has: then the line goes.
"""

from tests.servers.running import Maker

_FINDS_NOTHING = "its memory repository finds nothing by this parameter, and does not say so"
_NOT_CHECKED = "its memory repository stores a resource with an element that R4 does not have"

DIFFERENCES: dict[Maker, dict[str, str]] = {
    "sandbox": {},
    "medplum": {
        "test_what_was_removed_is_told_from_what_never_was": "it answers 404 to what was removed, not 410",
        "test_all_pages_are_read": "it sends no next links: our client says that the answer is cut",
        "test_a_search_of_one_chart_finds[quantity-above]": _FINDS_NOTHING,
        "test_by_reverse_chain": _FINDS_NOTHING,
        "test_what_it_does_not_know_is_refused": "it leaves out what it does not know, strict handling or not",
        "test_four_workers_at_once_leave_one_version_each": (
            "it takes a PUT with If-None-Match: * as any other PUT: four equal versions of one resource"
        ),
        "test_what_the_server_refuses_is_named_and_none_of_its_bundle_stays": _NOT_CHECKED,
    },
}
"""By maker, then by the test's name and its parameters but for the server."""
