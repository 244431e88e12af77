"""The method OPTIONS: which other methods there are."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/optimize/memory", {"POST", "OPTIONS"}),
        ("/optimize/storage/duplicates", {"POST", "OPTIONS"}),
        ("/analyze/memory", {"GET", "HEAD", "OPTIONS"}),
        ("/hash", {"POST", "OPTIONS"}),
        ("/optimizations/some-id", {"GET", "HEAD", "DELETE", "OPTIONS"}),
    ],
)
def test_it_is_answered_without_a_body_or_a_key(client: FlaskClient, path: str, methods: set[str]) -> None:
    """It asks for nothing that would need either."""
    answer = client.options(path)
    assert (answer.status_code, answer.data) == (200, b"")
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == methods


def test_a_foreign_page_and_an_unknown_path_have_no_answer(client: FlaskClient) -> None:
    """As with every other method."""
    assert client.options("/optimize/memory", headers={"Origin": "https://example.org"}).status_code == 403
    assert client.options("/optimize/nothing").status_code == 404
