"""Signed tokens as the Panel makes them, and as it never would."""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid

import jwt

from .panel import TOKEN, Panel

USER = "b1a5f0d8-6a5c-4a39-8a0a-5f6a2b8f0c01"
ALL = ["*", "admin.websocket.errors", "admin.websocket.install", "admin.websocket.transfer"]


def claims(panel: Panel, **members) -> dict:
    """The claims of a token of the next second; `members` are added, or taken away where they are None."""
    now = int(time.time())
    # The second of the daemon's own start is refused; a console of a test may come within it.
    out = {"iss": panel.url, "aud": ["node"], "iat": now + 1, "nbf": now - 60, "exp": now + 600,
           "jti": hashlib.md5(uuid.uuid4().bytes).hexdigest(), "user_uuid": USER, **members}
    return {name: value for name, value in out.items() if value is not None}


def sign(panel: Panel, secret: str = TOKEN, algorithm: str = "HS256", **members) -> str:
    return jwt.encode(claims(panel, **members), secret, algorithm=algorithm)


def once(**members) -> dict:
    """The claims of a signed address, which works once."""
    return {"unique_id": uuid.uuid4().hex[:16], **members}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict, body: dict, key: bytes = TOKEN.encode(), digest=hashlib.sha256) -> str:
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(body).encode())}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), digest).digest()) if digest else ''}"


def bad_tokens(panel: Panel, **good) -> dict[str, str]:
    """Tokens that are wrong in one thing each; `good` are the claims that make it one of its kind."""
    now = int(time.time())
    members = claims(panel, **good)
    right = jwt.encode(members, TOKEN, algorithm="HS256")
    head, body, mark = right.split(".")
    return {
        "no algorithm": forged({"alg": "none", "typ": "JWT"}, members, digest=None),
        "no algorithm, but signed": forged({"alg": "none", "typ": "JWT"}, members),
        "another case": forged({"alg": "NonE"}, members, digest=None),
        "HS512": jwt.encode(members, TOKEN, algorithm="HS512"),
        "HS384": jwt.encode(members, TOKEN, algorithm="HS384"),
        "RS256 that is HS256": forged({"alg": "RS256"}, members),
        "no header": forged({}, members),
        "another key": jwt.encode(members, "another" + TOKEN, algorithm="HS256"),
        "no key": forged({"alg": "HS256"}, members, key=b""),
        "no signature": f"{head}.{body}.",
        "signature cut": right[:-1],
        "two parts": f"{head}.{body}",
        "four parts": f"{right}.{mark}",
        "claims changed": f"{head}.{encoded(json.dumps({**members, 'exp': now + 9999}).encode())}.{mark}",
        "no end": sign(panel, **good, exp=None),
        "an end of null": forged({"alg": "HS256"}, {**members, "exp": None}),
        "ended": sign(panel, **good, exp=now - 1),
        "an end in words": sign(panel, **good, exp=str(now + 600)),
        "not yet": sign(panel, **good, nbf=now + 300),
        "no issue": sign(panel, **good, iat=None),
        "issued long ago": sign(panel, **good, iat=now - 200_000),
        "no JWT": "x",
        "nothing": "",
    }
