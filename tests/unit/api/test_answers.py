"""How an answer is handed to the server."""

from werkzeug.test import create_environ

from api.answers import Answer


def test_a_body_that_is_there_is_a_list() -> None:
    """The server sends it at once; to a HEAD request there is none."""
    assert Answer("hello").get_app_iter(create_environ()) == [b"hello"]
    assert Answer("hello").get_app_iter(create_environ(method="HEAD")) == []
    assert Answer("hello", 204).get_app_iter(create_environ()) == []


def test_what_is_made_while_it_is_sent_is_no_list() -> None:
    """Part after part, and closed in the end."""
    closed: list[bool] = []
    answer = Answer(part for part in ("one", "two"))
    answer.call_on_close(lambda: closed.append(True))
    parts = answer.get_app_iter(create_environ())
    assert not isinstance(parts, list)
    assert list(parts) == [b"one", b"two"]
    parts.close()  # type: ignore[attr-defined]  # as PEP 3333 has it
    assert closed == [True]


def test_what_is_to_be_done_at_the_end_is_done() -> None:
    """A body that is there is no list where somebody waits for its end."""
    closed: list[bool] = []
    answer = Answer("hello")
    answer.call_on_close(lambda: closed.append(True))
    parts = answer.get_app_iter(create_environ())
    assert (list(parts), closed) == ([b"hello"], [])
    parts.close()  # type: ignore[attr-defined]
    assert closed == [True]
