"""What people read: the overview, the API's description."""

from flask import Blueprint, Response, current_app, jsonify, render_template

from api.blueprints.system import VERSION
from api.openapi import document
from api.problems import STATUS
from api.routing import Route, described

blueprint = Blueprint("pages", __name__)


@blueprint.get("/openapi.json")
@described(Route(summary="This document", scope=None))
def openapi() -> Response:
    return jsonify(document(current_app, VERSION))


@blueprint.get("/docs")
@described(Route(summary="The API for people to read", scope=None, media="text/html"))
def docs() -> str:
    described_api = document(current_app, VERSION)
    return render_template("docs.html", api=described_api, problems=sorted(STATUS.items()))


@blueprint.get("/")
@described(Route(summary="How the host is, and what was done", scope=None, media="text/html"))
def overview() -> str:
    return render_template("overview.html", version=VERSION)
