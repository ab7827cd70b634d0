# A command that keeps to the protocol at no target at all. A test makes it wrong by other lines in the
# place of single ones. What it is asked stands in the file `asked` beside it.
import json
import sys
from pathlib import Path

ACCOUNTS = iter(range(1000))
WAITING = []
REMOVED = []
OPERATIONS = ["client", "account", "clean_up"]
asked = open(Path(__file__).with_name("asked"), "w")


def say(answer):
    print(json.dumps(answer), flush=True)


def done(wanted):
    request = wanted["request"]
    if request == "client":
        return {"app": "app-1"}
    if request == "account":
        return {"of": wanted["client"]["app"], "account_id": f"account-{next(ACCOUNTS)}"}
    if request == "clean_up":
        REMOVED.extend(made["facts"]["account_id"] for made in wanted["accounts"])
        return {}
    raise KeyError(request)


def answer(wanted):
    number = wanted["id"]
    if wanted["request"] == "hello":
        return {"id": number, "protocol": "rescind.adapter/1", "operations": OPERATIONS}
    try:
        return {"id": number, "ok": done(wanted)}
    except KeyError as missing:
        return {"id": number, "error": {"message": f"no {missing}"}}


for line in sys.stdin:
    try:
        wanted = json.loads(line)
    except ValueError:
        say({"id": None, "error": {"message": "no JSON"}})
        continue
    print(line.strip(), file=asked, flush=True)
    if wanted.get("account", "").startswith("adapter-check-at-once"):
        # Those that come at once are answered in the opposite order.
        WAITING.append(wanted)
        if len(WAITING) == 8:
            for waiting in reversed(WAITING):
                say(answer(waiting))
    else:
        say(answer(wanted))
# Whatever was put there is removed.
assert len(REMOVED) == next(ACCOUNTS)
