"""What is shown to whom."""

import json

from hypothesis import given

from api.views import without_digests
from tests import strategies


@given(strategies.json_values)
def test_a_caller_without_a_key_sees_no_digest_however_deep(value: object) -> None:
    """A digest tells what a file holds to whoever guesses well."""
    hidden = {"files": [{"hash": "d1gest", "more": {"digest": "d1gest", "kept": value}}], "hash": {"x": "d1gest"}}
    shown = without_digests(hidden)
    assert "d1gest" not in json.dumps(shown)
    assert shown["files"][0]["more"].keys() == {"kept"}
