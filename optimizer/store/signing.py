"""Tells a job that the API or beat submitted from one that somebody wrote into Redis. Pure."""

import hmac
import json
from functools import lru_cache

from optimizer.jobs import Job

#: Made once: json.dumps with options of its own makes an encoder for every call
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def sign(job: Job, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104), in hex, over what decides what the job does: id, kind, host and options."""
    said = _canonical([job.optimization_id, job.kind, job.host, dict(job.options)])
    signed = _keyed(key).copy()
    signed.update(said.encode())
    return signed.hexdigest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> hmac.HMAC:
    """What has read the key, and nothing else yet: that is half of the work."""
    return hmac.new(key, digestmod="sha256")


def is_signed(job: Job, signature: str, key: bytes | None) -> bool:
    return key is not None and hmac.compare_digest(signature, sign(job, key))
