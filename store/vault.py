"""Encryption at rest: AES-256-GCM under keys of the site, which lie in the environment and never in the database."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Connection

OPTION = "preround_vault"
"""The execution option under which a database's connections carry its vault."""
_NONCE_BYTES = 12
_KEY_BYTES = 32
_PREFIX = "\x01sealed"  # what no text begins with that people or programs give us


class KeyUnusable(ValueError):
    """PREROUND_STATE_KEY is not a key, or keys with commas between them: make one with `openssl rand -base64 32`."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class KeyMissing(Exception):
    """State is encrypted under a key that is not here."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"State is encrypted under the key {key_id}, which PREROUND_STATE_KEY does not hold: add that key to it, "
            "after the newest one and a comma."
        )


class SealBroken(Exception):
    """What is stored does not open under its own key: restore the database from its backup, or run the round again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, kw_only=True, slots=True)
class Vault:
    """The keys of a site. Without one, what is kept is kept as it is."""

    keys: dict[str, bytes] = field(default_factory=dict, repr=False)
    """32 bytes each, by id; the first one seals, each of them opens."""

    @classmethod
    def of(cls, text: str | None) -> "Vault":
        """The vault of a setting.

        Args:
            text: keys in base64 with commas between them, the newest first; none without it.

        Raises:
            KeyUnusable: when one is no such key.
        """
        found = [_key(one) for one in (text or "").split(",") if one.strip()]
        return cls(keys={id_of(key): key for key in found})

    @property
    def head(self) -> str | None:
        """The id of the key that seals; None without one."""
        return next(iter(self.keys), None)

    def seal(self, content: bytes, about: str) -> bytes:
        """Encrypt under the head, which there must be: a nonce of twelve bytes, the ciphertext, its tag.

        Args:
            content: what to keep.
            about: what it is; it opens only as that.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.keys[str(self.head)]).encrypt(nonce, content, about.encode())

    def open(self, stored: bytes, about: str, key_id: str) -> bytes:
        """What was sealed.

        Raises:
            KeyMissing: when the key is not here.
            SealBroken: when it was changed, or is about something else.
        """
        if key_id not in self.keys:
            raise KeyMissing(key_id)
        try:
            return AESGCM(self.keys[key_id]).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise SealBroken from None


def id_of(key: bytes) -> str:
    """Eight hex digits that tell keys apart and nothing about them."""
    return hashlib.sha256(b"preround key " + key).hexdigest()[:8]


def place(table: str, column: str, key: str) -> str:
    """What a sealed text is about: it opens in this column of this row alone."""
    return f"{table} {column} {key}"


def vault_of(connection: Connection) -> Vault:
    """The vault of the database that a connection belongs to."""
    found = connection.get_execution_options().get(OPTION)
    return found if isinstance(found, Vault) else Vault()


def seal_text(connection: Connection, content: str | None, about: str) -> str | None:
    """A text for a text column, encrypted where there is a key."""
    vault = vault_of(connection)
    if content is None or not vault.keys:
        return content
    return f"{_PREFIX}:{vault.head}:{base64.b64encode(vault.seal(content.encode(), about)).decode()}"


def open_text(connection: Connection, stored: str | None, about: str) -> str | None:
    """What `seal_text` made, or plain text from before there was a key.

    Raises:
        KeyMissing, SealBroken: when it can't be opened.
    """
    key_id = None if stored is None else sealed_under(stored)
    if stored is None or key_id is None:
        return stored
    try:
        content = base64.b64decode(stored.rpartition(":")[2], validate=True)
    except binascii.Error:
        raise SealBroken from None
    return vault_of(connection).open(content, about, key_id).decode()


def sealed_under(stored: str) -> str | None:
    """The id of the key that a text is sealed under; None when it is plain."""
    prefix, key_id, _ = (*stored.split(":", 2), "", "")[:3]
    return key_id if prefix == _PREFIX else None


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnusable from None
    if len(key) != _KEY_BYTES:
        raise KeyUnusable
    return key
