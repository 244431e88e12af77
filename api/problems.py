"""Errors as RFC 9457 problem details: one shape for everything that an answer can refuse or report."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, json
from werkzeug.exceptions import HTTPException

from optimizer.errors import HroError, InternalError
from optimizer.values import JsonObject

log = structlog.get_logger(__name__)

#: The status of each of the product's errors by its code; what is not here is the server's fault
STATUS = {
    "invalid_request": HTTPStatus.UNPROCESSABLE_ENTITY,
    "idempotency_conflict": HTTPStatus.UNPROCESSABLE_ENTITY,
    "malformed_json": HTTPStatus.BAD_REQUEST,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "foreign_origin": HTTPStatus.FORBIDDEN,
    "foreign_host_name": HTTPStatus.MISDIRECTED_REQUEST,
    "path_forbidden": HTTPStatus.FORBIDDEN,
    "path_not_found": HTTPStatus.NOT_FOUND,
    "path_unusable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unsigned_job": HTTPStatus.FORBIDDEN,
    "job_not_found": HTTPStatus.NOT_FOUND,
    "job_expired": HTTPStatus.GONE,
    "job_ended": HTTPStatus.CONFLICT,
    "delay_too_long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "plan_not_named": HTTPStatus.PRECONDITION_REQUIRED,
    "plan_changed": HTTPStatus.PRECONDITION_FAILED,
    "plan_expired": HTTPStatus.GONE,
    "plan_applied": HTTPStatus.CONFLICT,
    "nothing_to_apply": HTTPStatus.CONFLICT,
    "job_not_ended": HTTPStatus.CONFLICT,
    "job_has_children": HTTPStatus.CONFLICT,
    "child_failed": HTTPStatus.BAD_GATEWAY,
    "nothing_in_quarantine": HTTPStatus.CONFLICT,
    "cancelled": HTTPStatus.CONFLICT,
    "too_many_streams": HTTPStatus.SERVICE_UNAVAILABLE,
    "store_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "time_limit": HTTPStatus.GATEWAY_TIMEOUT,
}
#: Statuses after which the same request may succeed, and the seconds until then
RETRY_AFTER = {HTTPStatus.SERVICE_UNAVAILABLE: 2}


class MalformedJsonError(HroError):
    """The body is not JSON."""

    code = "malformed_json"


class MediaTypeError(HroError):
    """Send a JSON object with Content-Type: application/json; {} is enough where nothing needs to be said."""

    code = "unsupported_media_type"


class UnauthorizedError(HroError):
    """Send an API key: Authorization: Bearer hro_<id>_<secret>."""

    code = "unauthorized"


class ForbiddenError(HroError):
    """The API key does not have the scope that this needs."""

    code = "forbidden"


class ForeignOriginError(HroError):
    """Requests that another web site makes are refused."""

    code = "foreign_origin"


class ForeignHostNameError(HroError):
    """The service does not answer to that host name; HRO_ALLOWED_HOSTS lists those it does."""

    code = "foreign_host_name"


class TooManyStreamsError(HroError):
    """As many clients as can be served are watching jobs already; poll instead, or try again."""

    code = "too_many_streams"


def problem(error: JsonObject) -> Response:
    """The answer for an error as errors.py and job records write it: {code, message, details?}."""
    status = STATUS.get(error["code"], HTTPStatus.INTERNAL_SERVER_ERROR)
    return _answer(error["code"], status, error["message"], dict(error.get("details", {})))


def register(app: Flask) -> None:
    app.register_error_handler(HroError, lambda error: problem(error.to_json()))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unforeseen)


def _http_problem(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    answer = _answer(status.phrase.lower().replace(" ", "_"), status, error.description or status.phrase, {})
    if allow := error.get_headers():
        answer.headers.extend([(name, value) for name, value in allow if name in ("Allow", "Retry-After")])
    return answer


def _unforeseen(error: Exception) -> Response:
    log.error("request_broke", exc_info=error)
    return problem(
        InternalError("The request failed in a way that the product did not foresee; see its log.").to_json()
    )


def _answer(code: str, status: HTTPStatus, detail: str, more: dict[str, Any]) -> Response:
    body = {
        "type": f"/docs#{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "request_id": g.get("request_id"),
        **more,
    }
    answer = Response(json.dumps(body), status=status.value, content_type="application/problem+json")
    if status in RETRY_AFTER:
        answer.headers["Retry-After"] = str(RETRY_AFTER[status])
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="hro"'
    return answer
