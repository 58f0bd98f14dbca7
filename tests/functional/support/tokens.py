"""Signed tokens as the Panel makes them."""
from __future__ import annotations

import hashlib
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
