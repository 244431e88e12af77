"""The OpenAPI 3.1 document, from what each route says of itself."""

import re
from collections.abc import Iterator
from typing import Any

from apispec import APISpec
from flask import Flask
from werkzeug.routing import Rule

from api.problems import STATUS
from api.routing import Route
from optimizer.kinds import Scope
from optimizer.values import Value

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(STATUS)},
        "detail": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "additionalProperties": True,
}


def document(app: Flask, version: str) -> dict[str, Any]:
    """The document of every route of `app` that has a contract."""
    spec = APISpec(
        title="Hardware Resource Optimizer",
        version=version,
        openapi_version="3.1.0",
        info={"description": "Finds and safely reclaims what a host wastes: plan, apply, measure, undo."},
    )
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "bearerFormat": "hro_<id>_<secret>"})
    spec.components.schema("Problem", _PROBLEM)
    for rule, route in described_rules(app):
        method = "get" if "GET" in (rule.methods or ()) else next(iter((rule.methods or set()) - {"OPTIONS"})).lower()
        spec.path(path=re.sub(r"<(\w+)>", r"{\1}", rule.rule), operations={method: _operation(spec, rule, route)})
    return dict(spec.to_dict())


def described_rules(app: Flask) -> Iterator[tuple[Rule, Route]]:
    """Each route that has a contract, by its path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, str(rule.endpoint))):
        route = getattr(app.view_functions[rule.endpoint], "route", None)
        if route is not None:
            yield rule, route


def _operation(spec: APISpec, rule: Rule, route: Route) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answers: dict[str, Any] = {
        str(status): {"description": text, **({"content": problem} if status >= 400 else _content(route))}  # noqa: PLR2004 - HTTP's first error
        for status, text in route.answers.items()
    }
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": route.summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": [*_path_parameters(rule), *_query_parameters(route.query)],
        "responses": answers | {"default": {"description": "A problem", "content": problem}},
        "security": _security(route),
    }
    if route.body:
        name = route.body.__name__
        if name not in spec.components.schemas:
            spec.components.schema(name, _inlined(route.body))
        schema = {"$ref": f"#/components/schemas/{name}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _content(route: Route) -> dict[str, Any]:
    kind = "object" if route.media == "application/json" else "string"
    return {"content": {route.media: {"schema": {"type": kind}}}}


def _security(route: Route) -> list[dict[str, list[str]]]:
    """An empty requirement among them says that no key is needed (on this machine, for what needs a scope)."""
    if route.scope is None:
        return [{}]
    scopes = [route.scope.value] if isinstance(route.scope, Scope) else [Scope.PLAN.value, Scope.APPLY.value]
    return [{"key": scopes}, *([{}] if route.anonymous else [])]


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(rule.arguments)
    ]


def _query_parameters(model: type[Value]) -> list[dict[str, Any]]:
    schema = _inlined(model)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": {key: value for key, value in field.items() if key != "description"},
            **({"description": field["description"]} if "description" in field else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _inlined(model: type[Value]) -> dict[str, Any]:
    """A model's JSON Schema with its definitions put in where they are named."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return resolve(definitions[part["$ref"].rpartition("/")[2]])
            return {key: resolve(value) for key, value in part.items()}
        return [resolve(item) for item in part] if isinstance(part, list) else part

    resolved: dict[str, Any] = resolve(schema)
    return resolved
