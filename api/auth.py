"""Who calls, and what they may do."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from api.problems import ForbiddenError, UnauthorizedError
from optimizer.errors import SettingsError
from optimizer.kinds import Scope
from optimizer.settings import Settings
from optimizer.values import Value


class StoredKey(Value):
    """A key as the secret file has it: never the key itself, only its SHA-256."""

    model_config = Value.model_config | {"strict": False, "extra": "ignore"}

    id: str
    sha256: str
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Caller:
    id: str
    scopes: frozenset[Scope]
    is_anonymous: bool = False

    @property
    def sees_digests(self) -> bool:
        """Digests tell what a file holds to whoever guesses well."""
        return not self.is_anonymous

    def require(self, scope: Scope, *, allow_anonymous: bool = True) -> None:
        """Raises UnauthorizedError where a key is missing, ForbiddenError where its scopes are too few."""
        if scope in self.scopes and (allow_anonymous or not self.is_anonymous):
            return
        if self.is_anonymous:
            raise UnauthorizedError(needs=scope.value)
        raise ForbiddenError(f"This needs an API key with the scope {scope.value}.", needs=scope.value)


#: A caller without a key on this machine: may look and plan. From elsewhere: nothing that needs a scope.
LOCAL = Caller("anonymous", frozenset({Scope.READ, Scope.PLAN}), is_anonymous=True)
STRANGER = Caller("anonymous", frozenset(), is_anonymous=True)


def load_keys(settings: Settings) -> Mapping[str, StoredKey]:
    """The stored keys by their id.

    Raises SettingsError where the file is wrong, or where the service would listen to the network without any key.
    """
    try:
        keys = TypeAdapter(list[StoredKey]).validate_json(settings.api_keys.get_secret_value() or "[]")
    except ValidationError as error:
        raise SettingsError(f"HRO_API_KEYS is not a list of keys as `hro key new` writes it: {error}") from None
    if not keys and not is_loopback(settings.bind):
        raise SettingsError(f"HRO_BIND is {settings.bind}: make an API key first (`hro key new`), or bind 127.0.0.1.")
    return {key.id: key for key in keys}


def identify(authorization: str | None, address: str | None, keys: Mapping[str, StoredKey]) -> Caller:
    """The caller of a request with this Authorization header from this address. Raises UnauthorizedError."""
    if authorization is None:
        return LOCAL if is_loopback(address or "") else STRANGER
    scheme, _, key = authorization.partition(" ")
    key_id = key.strip().removeprefix("hro_").partition("_")[0]
    stored = keys.get(key_id)
    digest = hashlib.sha256(key.strip().encode()).hexdigest()
    if scheme.lower() != "bearer" or stored is None or not hmac.compare_digest(stored.sha256, digest):
        raise UnauthorizedError("The API key is not known.")
    return Caller(key_id, stored.scopes)


def is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
