"""A reader of CRA's data as those for Db2 are: it knows nothing of the sandbox but its address."""
import json
import sys
import urllib.parse
import urllib.request

ROOT = f"{sys.argv[1]}/cra/serviceGateway/services"


class Settings:
    filter = None
    sort = None
    session = None


def log_on(service):
    body = json.dumps({"username": "demo", "password": "demo"}).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json; charset=utf-8"}
    with urllib.request.urlopen(urllib.request.Request(f"{ROOT}/{service}/login", body, headers)) as response:
        return json.load(response)["userToken"], int(response.headers["Keep-Alive"].split("=")[1])


def read(token, product, view, close):
    text = lambda value: "null" if value is None else value
    query = urllib.parse.urlencode({
        "context": "*", "server": "*", "system": "*", "scope": "*", "period": "=", "startRow": 1, "rows": 99999,
        "filter": text(Settings.filter), "sort": text(Settings.sort), "refresh": "Y", "close": close,
        "session": text(Settings.session),
    })
    request = urllib.request.Request(f"{ROOT}/products/{product}/views/{view}/data?{query}")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as response:
        return json.load(response)


token, minutes = log_on(sys.argv[2])
once = read(token, "MVMVS", "JCPU", "Y")
first = read(token, "MVMVS", "ZFSFSZ", "N")
Settings.session = first["session"]
last = read(token, "MVMVS", "ZFSFSZ", "Y")
print(json.dumps({
    "minutes": minutes,
    "rows": [once["numRows"], len(once["Rows"])],
    "rc": once["rc"],
    "view": [once["productName"], once["viewName"]],
    "once": "session" in once,
    "last": len(last["Rows"]) == len(first["Rows"]),
}))
