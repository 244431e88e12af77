"""Tells a job that the API or beat submitted from one that somebody wrote into Redis. Pure."""

import hmac
import json

from optimizer.jobs import Job

#: Made once: json.dumps with options of its own makes an encoder for every call
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def sign(job: Job, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104), in hex, over what decides what the job does: id, kind, host and options."""
    said = _canonical([job.optimization_id, job.kind, job.host, dict(job.options)])
    return hmac.digest(key, said.encode(), "sha256").hex()


def is_signed(job: Job, signature: str, key: bytes | None) -> bool:
    return key is not None and hmac.compare_digest(signature, sign(job, key))
