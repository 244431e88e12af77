"""The answer that the app gives where it says nothing else."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:  # a module that exists for type checkers alone
    from _typeshed.wsgi import WSGIEnvironment


class Answer(Response):
    """Gives the server a body that is there already as a list.

    From a list it sends all at once; otherwise it would come back for the next part and, when there is none, to close.
    """

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        parts = super().get_app_iter(environ)
        return list(parts) if self.is_sequence and not self._on_close else parts
