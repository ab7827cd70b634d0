#!/usr/bin/env python3
"""Puts apps and connections into the service beside this file, as rescind asks it to.

It speaks `rescind.adapter/1`: a JSON object a line, requests on standard input, answers on standard
output, words for people on standard error. `target-by-adapter.toml` names it in place of the HTTP
steps that `target.toml` has; `docs/adapter.md` says what each request and answer holds.
"""

import json
import os
import sys
import urllib.error
import urllib.request

PROTOCOL = "rescind.adapter/1"
# Seconds in which the service must have answered.
PATIENCE = 5


class Refusal(Exception):
    """Why something is not done; `cannot` if this service has no such thing at all."""

    def __init__(self, message, cannot=False):
        super().__init__(message)
        self.cannot = cannot


def ask(base_url, method, path, body=None):
    """Asks the service. Returns the status code and what it says."""
    request = urllib.request.Request(
        base_url.rstrip("/") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {os.environ['DISCONNECT_API_KEY']}",
            "content-type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")
    except OSError as error:
        raise Refusal(f"the service does not answer: {error}") from None


def needed(wanted, name):
    if not wanted.get(name):
        raise Refusal(f"`{name}` is missing")
    return wanted[name]


def created(status, answer):
    if status != 201:
        raise Refusal(f"the service answered {status}: {answer.get('detail')}")
    return answer


def hello(wanted):
    if wanted.get("protocol") != PROTOCOL:
        raise Refusal(f"this adapter speaks {PROTOCOL}")
    return {"protocol": PROTOCOL, "operations": ["client", "account", "clean_up"]}


def client(wanted):
    if needed(wanted, "scheme") != "OAUTH2":
        raise Refusal("every connection is OAuth 2.0's", cannot=True)
    app = {
        "provider": needed(wanted, "profile"),
        "base_url": needed(wanted, "provider_base_url"),
        "client_id": needed(wanted, "client_id"),
        "client_secret": wanted.get("client_secret"),
    }
    return created(*ask(needed(wanted, "target_base_url"), "POST", "/v1/apps", app))


def account(wanted):
    connection = {
        "app": needed(needed(wanted, "client"), "app"),
        "state": needed(wanted, "target_status"),
        "access": wanted.get("access_token"),
        "refresh": wanted.get("refresh_token"),
    }
    base_url = needed(wanted, "target_base_url")
    answer = created(*ask(base_url, "POST", "/v1/connections", connection))
    return {"account_id": answer["id"]}


def clean_up(wanted):
    for made in wanted.get("accounts", []):
        path = f"/v1/connections/{made['facts']['account_id']}"
        try:
            ask(made["target_base_url"], "DELETE", path)
        except Refusal:
            # What the service held is gone with it.
            pass
    return {}


REQUESTS = {"client": client, "account": account, "clean_up": clean_up}


def answer_to(line):
    """The answer to a line."""
    try:
        wanted = json.loads(line)
        number = wanted["id"]
    except (ValueError, KeyError, TypeError):
        return {"id": None, "error": {"message": "this is no request"}}
    try:
        if wanted.get("request") == "hello":
            return {"id": number, **hello(wanted)}
        handle = REQUESTS.get(wanted.get("request"))
        if handle is None:
            raise Refusal("there is no such request")
        return {"id": number, "ok": handle(wanted)}
    except Refusal as refusal:
        return {"id": number, "error": {"message": str(refusal), "cannot": refusal.cannot}}


def main():
    for line in sys.stdin:
        print(json.dumps(answer_to(line)), flush=True)


if __name__ == "__main__":
    main()
