"""A small Panel: answers the remote API from a dict of servers and remembers every call. Can be told to be down."""
from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN_ID = "functionaltokenx"
TOKEN = "functional-secret-0123456789abcdef0123456789abcdef0123456789abcd"


def server(image: str, startup: str, **settings) -> dict:
    """One server as a Panel describes it; `settings` replace top-level keys of its settings."""
    identifier = str(uuid.uuid4())
    return {
        "uuid": identifier,
        "settings": {
            "uuid": identifier, "meta": {"name": "functional", "description": ""}, "suspended": False,
            "invocation": startup, "skip_egg_scripts": False, "environment": {"STARTUP": startup},
            "build": {"memory_limit": 128, "swap": 0, "io_weight": 500, "cpu_limit": 0, "threads": None, "disk_space": 64,
                      "oom_disabled": True},
            "container": {"image": image},
            "allocations": {"force_outgoing_ip": False, "default": {"ip": "127.0.0.1", "port": 27777}, "mappings": {}},
            "mounts": [], "egg": {"id": str(uuid.uuid4()), "file_denylist": []}, "crash_detection_enabled": True,
            **settings,
        },
        "process_configuration": {
            "startup": {"done": ["READY"], "user_interaction": [], "strip_ansi": False},
            "stop": {"type": "command", "value": "stop"}, "configs": [],
        },
        "install": {"container_image": image.lstrip("~"), "entrypoint": "sh",
                    "script": "echo unpacking\necho built > /mnt/server/built.txt\n"},
    }


class Panel:
    def __init__(self) -> None:
        self.servers: dict[str, dict] = {}
        self.calls: list[tuple[str, str, object]] = []
        self.logins: dict[str, dict] = {}
        self.down = False
        self.token = TOKEN  # what it takes from the node
        self._changed = threading.Condition()
        panel = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                path = urlsplit(self.path).path.removeprefix("/api/remote")
                status, document = panel.route(self.command, path, body, self.headers.get("Authorization"))
                with panel._changed:
                    panel.calls.append((self.command, path, body))
                    panel._changed.notify_all()
                data = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def add(self, item: dict) -> str:
        self.servers[item["uuid"]] = item
        return item["uuid"]

    def route(self, method: str, path: str, body, authorization):
        if self.down:
            return 503, {"errors": [{"code": "Down", "status": "503", "detail": "the Panel was told to be down"}]}
        if authorization != f"Bearer {TOKEN_ID}.{self.token}":
            return 403, {"errors": [{"code": "Denied", "status": "403", "detail": "wrong node"}]}
        if (method, path) == ("GET", "/servers"):
            rows = [{k: s[k] for k in ("uuid", "settings", "process_configuration")} for s in self.servers.values()]
            return 200, {"data": rows, "links": {}, "meta": {"current_page": 1, "from": 1, "last_page": 1, "per_page": 50,
                                                             "path": path, "to": len(rows), "total": len(rows)}}
        if (method, path) == ("POST", "/sftp/auth"):
            return self._login(body)
        parts = path.strip("/").split("/")
        known = self.servers.get(parts[1]) if len(parts) > 1 and parts[0] == "servers" else None
        if parts[0] == "servers" and len(parts) > 1 and parts[1] != "reset" and known is None:
            return 404, {"errors": [{"code": "NotFound", "status": "404", "detail": "no such server"}]}
        if method == "GET" and len(parts) == 2:
            return 200, {k: known[k] for k in ("settings", "process_configuration")}
        if method == "GET" and parts[2:] == ["install"]:
            return 200, known["install"]
        return 204, None

    def _login(self, body):
        known = self.logins.get(body["username"])
        if known is None or (body["type"], body["password"]) != (known["type"], known["secret"]):
            return 403, {"errors": [{"code": "HttpForbiddenException", "status": "403",
                                     "detail": "Authorization credentials were not correct, please try again."}]}
        return 200, {k: known[k] for k in ("user", "server", "permissions")}

    def allow(self, item: str, permissions=("*",), kind: str = "password", secret: str = "secret", user: str | None = None) -> str:
        """A user of the server who may log in over SFTP; the name to log in with."""
        name = f"user{uuid.uuid4().hex[:8]}.{item[:8]}"
        self.logins[name] = {"type": kind, "secret": secret, "server": item, "user": user or str(uuid.uuid4()),
                             "permissions": list(permissions)}
        return name

    def wait_for(self, method: str, path: str, timeout: float = 30):
        """The body of the first such call; fails when none came in time."""
        def found():
            return [body for m, p, body in self.calls if (m, p) == (method, path)]
        with self._changed:
            assert self._changed.wait_for(found, timeout), f"no {method} {path}; saw {[c[:2] for c in self.calls]}"
            return found()[0]
