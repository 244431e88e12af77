"""The process entry of the API, for any WSGI server: api.wsgi:app."""

from api.app import create_app
from optimizer import bootstrap, logs, settings

_settings = settings.load()
logs.configure(_settings.log_level)
app = create_app(_settings, bootstrap.api_parts(_settings), counters=settings.shared_metrics())
