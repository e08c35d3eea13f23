"""The private key that signs assertions: read from PEM, JWK or a JWK set, and shown as what a server registers."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tools.fhir.errors import KeyUnusable

Algorithm = Literal["RS384", "ES384"]
"""The two algorithms that every SMART server must take."""

_SMALLEST_RSA = 2048
_THUMBPRINT: Mapping[str, tuple[str, ...]] = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """One private key."""

    private: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    """The key itself; never shown."""
    algorithm: Algorithm
    """What it signs with."""
    key_id: str
    """The `kid` under which the server knows its public half."""

    @classmethod
    def read(cls, text: str, *, key_id: str | None = None) -> "SigningKey":
        """A key from text.

        Args:
            text: PEM, a JWK, or a JWK set.
            key_id: which key of a set; and the `kid`, in place of the key's own or of the RFC 7638 thumbprint.

        Raises:
            KeyUnusable: no private RSA (2048 bits or more) or P-384 key can be read; never shows the text.
        """
        text = text.strip()
        if text.startswith("{"):
            chosen = _chosen(_json(text), key_id)
            return cls._of(_from_jwk(chosen), key_id or _kid(chosen))
        if "PUBLIC KEY" in text[:40] or "CERTIFICATE" in text[:40]:
            raise KeyUnusable(
                "That is a public key: give the private one, and register the public one with the server."
            )
        try:
            private = serialization.load_pem_private_key(text.encode(), password=None)
        except TypeError:
            raise KeyUnusable(
                "The private key has a password: give it without one, in a file only you may read."
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise KeyUnusable from None
        return cls._of(private, key_id)

    @classmethod
    def made(cls) -> "SigningKey":
        """A new P-384 key."""
        return cls._of(generate_private_key(SECP384R1()), None)

    @classmethod
    def _of(cls, private: object, key_id: str | None) -> "SigningKey":
        if isinstance(private, RSAPrivateKey):
            if private.key_size < _SMALLEST_RSA:
                raise KeyUnusable(f"The RSA key has {private.key_size} bits: make one of at least {_SMALLEST_RSA}.")
            public, algorithm = _public(private), "RS384"
        elif isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP384R1):
            public, algorithm = _public(private), "ES384"
        else:
            raise KeyUnusable
        made: Algorithm = "RS384" if algorithm == "RS384" else "ES384"
        return cls(private=private, algorithm=made, key_id=key_id or _thumbprint(public))

    @property
    def public_jwks(self) -> dict[str, Any]:
        """The JWK set to register with the server; it holds nothing secret."""
        shown = {"kid": self.key_id, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}
        return {"keys": [_public(self.private) | shown]}

    @property
    def pem(self) -> str:
        """The private key as PKCS #8, to be kept in a file that nobody else may read."""
        encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(encoding, shape, serialization.NoEncryption()).decode("ascii")

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT over the claims."""
        return jwt.encode(dict(claims), self.private, algorithm=self.algorithm, headers={"kid": self.key_id})


def _public(private: RSAPrivateKey | EllipticCurvePrivateKey) -> dict[str, Any]:
    if isinstance(private, RSAPrivateKey):
        found = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        found = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {name: value for name, value in found.items() if name not in {"key_ops", "kid"}}


def _thumbprint(public: Mapping[str, Any]) -> str:
    """RFC 7638."""
    members = {name: public[name] for name in _THUMBPRINT[public["kty"]]}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyUnusable from None
    return found if isinstance(found, dict) else {}


def _chosen(found: Mapping[str, Any], key_id: str | None) -> Mapping[str, Any]:
    """The JWK itself, or the one of a set: by its id, else the first private one."""
    keys = [k for k in found["keys"] if isinstance(k, dict)] if isinstance(found.get("keys"), list) else [found]
    private = [k for k in keys if "d" in k]
    if not private:
        raise KeyUnusable("There is no private key in that JWK: give the private one, and register the public one.")
    named = [k for k in private if k.get("kid") == key_id] if key_id and len(private) > 1 else private
    if not named:
        raise KeyUnusable("No private key of that JWK set has the key id that was named: name one that is there.")
    return named[0]


def _kid(found: Mapping[str, Any]) -> str | None:
    kid = found.get("kid")
    return kid if isinstance(kid, str) and kid else None


def _from_jwk(found: Mapping[str, Any]) -> object:
    reader = {"RSA": RSAAlgorithm.from_jwk, "EC": ECAlgorithm.from_jwk}.get(str(found.get("kty")))
    if reader is None:
        raise KeyUnusable
    try:
        return reader(dict(found))
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError):
        raise KeyUnusable from None
