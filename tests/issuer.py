"""Who gives out logins: the web side of Codex's login by device code, on the loopback.

The real Codex asks it as it would ask OpenAI's: for the code and the tokens by
CODEX_APP_SERVER_LOGIN_ISSUER, for the account by `chatgpt_base_url`. Which requests there are and
what Codex takes for an answer was tried with 0.163 and 0.171.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CODE = "ABCD-12345"
EMAIL = "ada@example.org"
ACCESS_TOKEN = "access-token-of-ada"


class Issuer:
    """A running one; Codex asks every second whether the code was entered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_entered = threading.Event()

    @property
    def environ(self) -> dict[str, str]:
        """What leads an app-server here."""
        return {"CODEX_APP_SERVER_LOGIN_ISSUER": self.url}

    @property
    def config(self) -> dict[str, Any]:
        """The same for config.toml, and that the model needs a login."""
        return {"chatgpt_base_url": f"{self.url}/backend-api/", "requires_openai_auth": True}

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if path.endswith("/deviceauth/usercode"):
            return 200, {"device_auth_id": "device-1", "user_code": CODE, "interval": "1"}
        if path.endswith("/deviceauth/token"):
            if not self.is_entered.is_set():
                return 403, {"error": "authorization_pending"}
            codes = {"authorization_code": "code-1", "code_challenge": "c", "code_verifier": "v"}
            return 200, codes
        if path.endswith("/oauth/token"):
            tokens = {"access_token": ACCESS_TOKEN, "refresh_token": "refresh-token-of-ada"}
            return 200, {"id_token": _id_token(), **tokens}
        if path.endswith("/accounts/check"):
            return 200, {"accounts": [_ACCOUNT], "account_ordering": [_ACCOUNT["id"]]}
        return 404, {"error": "not_found"}


_ACCOUNT = {
    "id": "account-of-ada",
    "name": "Ada",
    "structure": "personal",
    "plan_type": "plus",
    "workspace_backend_origin": "https://chatgpt.com",
    "account_routing_override": "us",
}


@contextmanager
def issuer() -> Iterator[Issuer]:
    """One on a free port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = running.answer(self.path)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _id_token() -> str:
    """A token as Codex reads it; it does not check by whom it is signed."""
    claims = {
        "email": EMAIL,
        "exp": int(time.time()) + 3600,
        "https://api.openai.com/auth": {
            "chatgpt_account_id": _ACCOUNT["id"],
            "chatgpt_plan_type": _ACCOUNT["plan_type"],
            "chatgpt_user_id": "user-ada",
        },
    }
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    encoded = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts
    ]
    return ".".join([*encoded, "c2lnbmF0dXJl"])
