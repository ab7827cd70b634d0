#!/usr/bin/env python3
"""A small service that holds people's connections to OAuth providers and can end them.

It needs nothing but Python. It says everything in words of its own, which is why it is here:
`target.toml` beside it is all that rescind must be told to judge it. `--bug NAME` makes it wrong in
a way in which services of this kind have been wrong.
"""

import argparse
import base64
import http.client
import json
import os
import re
import secrets
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What this service knows of the providers that it works with: where a token is revoked, and which
# kinds of token can be (None: there is no such place), and what else ends with a refresh token.
PROVIDERS = {
    "rfc7009": {
        "token": "/oauth2/token",
        "revoke": "/oauth2/revoke",
        "kinds": ["access", "refresh"],
        "refresh_ends": ["access"],
    },
    "access-only": {"token": "/oauth2/token", "revoke": "/oauth2/revoke", "kinds": ["access"]},
    "no-revoke-route": {"token": "/oauth2/token", "revoke": None, "kinds": []},
}
# Seconds in which a provider must have answered.
PATIENCE = 3
# Ways to be wrong, for those who want to see rescind find them.
BUGS = {
    "access-token-only": "the refresh token is forgotten",
    "error-is-success": "whatever the provider answers counts as revoked",
    "asks-in-any-state": "connections that are not live are ended, too",
}


class Refusal(Exception):
    """What the caller is told in place of a result."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Connection:
    def __init__(self, provider, app, wanted):
        self.provider = PROVIDERS[provider]
        self.app = app
        self.state = wanted.get("state", "live")
        self.tokens = {kind: wanted[kind] for kind in ("access", "refresh") if wanted.get(kind)}
        # One thing at a time happens to a connection.
        self.lock = threading.Lock()


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.apps = {}
        self.connections = {}

    def add_app(self, app):
        if app.get("provider") not in PROVIDERS:
            raise Refusal(422, "this provider is not known here")
        return self._add(self.apps, "app", app)

    def add_connection(self, wanted):
        app = self.apps.get(wanted.get("app"))
        if app is None:
            raise Refusal(422, "there is no such app")
        return self._add(self.connections, "con", Connection(app["provider"], app, wanted))

    def _add(self, kind, prefix, item):
        with self.lock:
            name = f"{prefix}-{secrets.token_hex(8)}"
            kind[name] = item
            return name

    def connection(self, name):
        connection = self.connections.get(name)
        if connection is None:
            raise Refusal(404, "there is no such connection")
        return connection


def ask(app, path, fields):
    """Asks a provider. Returns the status code and the body; no code if there was no answer.

    Redirects are not followed: a token goes to nobody but the provider.
    """
    base = urllib.parse.urlsplit(app["base_url"])
    # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
    parts = (urllib.parse.quote_plus(app[key]) for key in ("client_id", "client_secret"))
    credentials = base64.b64encode(":".join(parts).encode()).decode()
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=PATIENCE)
    try:
        connection.request(
            "POST",
            base.path.rstrip("/") + path,
            body=urllib.parse.urlencode(fields),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "authorization": f"Basic {credentials}",
            },
        )
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()


class Service:
    def __init__(self, key, bug):
        self.key = key
        self.bug = bug
        self.store = Store()

    def disconnect(self, name):
        connection = self.store.connection(name)
        with connection.lock:
            if connection.state == "revoked":
                return self._disconnected([])
            if connection.state != "live" and self.bug != "asks-in-any-state":
                raise Refusal(409, "the connection is not live")
            if connection.provider["revoke"] is None:
                raise Refusal(422, "the provider offers no way to revoke a token")
            kinds = [kind for kind in connection.provider["kinds"] if kind in connection.tokens]
            if not kinds:
                raise Refusal(422, "the connection holds nothing that can be revoked")
            if self.bug == "access-token-only":
                kinds = kinds[:1]
            revoked = [kind for kind in kinds if self._revoke(connection, kind)]
            if not revoked:
                raise Refusal(502, "the provider revoked nothing; try again later")
            if "refresh" in revoked:
                ended = connection.provider.get("refresh_ends", [])
                revoked += [kind for kind in ended if kind in connection.tokens and kind not in revoked]
            connection.state = "revoked"
            return self._disconnected(revoked)

    def _revoke(self, connection, kind):
        fields = {"token": connection.tokens[kind], "token_type_hint": f"{kind}_token"}
        status, _ = ask(connection.app, connection.provider["revoke"], fields)
        return status == 200 or self.bug == "error-is-success"

    @staticmethod
    def _disconnected(revoked):
        return 200, {"revoked": revoked, "connection": {"state": "revoked"}}

    def renew(self, name):
        connection = self.store.connection(name)
        with connection.lock:
            if connection.state != "live" or "refresh" not in connection.tokens:
                raise Refusal(409, "the connection cannot be renewed")
            fields = {"grant_type": "refresh_token", "refresh_token": connection.tokens["refresh"]}
            status, body = ask(connection.app, connection.provider["token"], fields)
            if status == 400:
                connection.state = "stale"
                raise Refusal(409, "the provider gives nothing for this connection any more")
            if status != 200:
                raise Refusal(502, "the provider did not answer as it should")
            try:
                tokens = json.loads(body)
                connection.tokens["access"] = tokens["access_token"]
            except (ValueError, KeyError, TypeError):
                raise Refusal(502, "the provider did not answer as it should") from None
            connection.tokens["refresh"] = tokens.get("refresh_token", connection.tokens["refresh"])
            return 200, {"connection": {"state": "live"}}

    def read(self, name):
        return 200, {"connection": {"id": name, "state": self.store.connection(name).state}}

    def delete(self, name):
        with self.store.lock:
            if self.store.connections.pop(name, None) is None:
                raise Refusal(404, "there is no such connection")
        return 204, None

    def switch(self, name, body):
        connection = self.store.connection(name)
        with connection.lock:
            wanted = body.get("state")
            if {connection.state, wanted} - {"live", "paused"}:
                raise Refusal(409, "a connection can be paused, and be live again")
            connection.state = wanted
            return 200, {"connection": {"state": wanted}}

    def add_app(self, body):
        return 201, {"app": self.store.add_app(body)}

    def add_connection(self, body):
        return 201, {"id": self.store.add_connection(body)}


# Method, path, what answers, and whether it takes a body.
ROUTES = [
    ("POST", r"/v1/connections/([^/]+)/disconnect", Service.disconnect, False),
    ("POST", r"/v1/connections/([^/]+)/renew", Service.renew, False),
    ("GET", r"/v1/connections/([^/]+)", Service.read, False),
    ("DELETE", r"/v1/connections/([^/]+)", Service.delete, False),
    ("PATCH", r"/v1/connections/([^/]+)", Service.switch, True),
    ("POST", r"/v1/apps", Service.add_app, True),
    ("POST", r"/v1/connections", Service.add_connection, True),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        try:
            status, result = self.find(body)
        except Refusal as refusal:
            status, result = refusal.status, {"detail": str(refusal)}
        text = b"" if result is None else json.dumps(result).encode()
        self.send_response(status)
        if result is not None:
            self.send_header("content-type", "application/json")
        if status != 204:
            self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def find(self, body):
        service = self.server.service
        key = self.headers.get("authorization", "")
        if not secrets.compare_digest(key.encode(), f"Bearer {service.key}".encode()):
            raise Refusal(401, "a key is needed")
        path_is_known = False
        for method, pattern, handle, takes_body in ROUTES:
            found = re.fullmatch(pattern, self.path)
            path_is_known = path_is_known or found is not None
            if found and method == self.command:
                return handle(service, *found.groups(), *([read(body)] if takes_body else []))
        raise Refusal(405 if path_is_known else 404, "there is nothing here")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        """Says nothing: a path may hold what is nobody's business."""


def read(body):
    try:
        value = json.loads(body)
    except ValueError:
        raise Refusal(400, "this is no JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "a JSON object is needed")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bug", choices=sorted(BUGS), help="; ".join(f"{k}: {v}" for k, v in BUGS.items()))
    arguments = parser.parse_args()
    key = os.environ.get("DISCONNECT_API_KEY")
    if not key:
        parser.error("the environment variable DISCONNECT_API_KEY must hold the API key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.service = Service(key, arguments.bug)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
