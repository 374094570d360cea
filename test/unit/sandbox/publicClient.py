"""A client of SARUS as public ones are: it knows nothing of the sandbox but its address."""
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

BASE = sys.argv[1]
RENEW_LIMIT = 1_000_000


class ApiError(Exception):
    def __init__(self, status, errors):
        super().__init__("; ".join(f"{e['Status']}: {e['Details']}" for e in errors))
        self.statuses = [status] + [e["Status"] for e in errors]


def call(endpoint, params=(), body=None):
    url = f"{BASE}/{endpoint}?{urllib.parse.urlencode(params)}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read().decode("ISO-8859-1"))["Result"]
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, json.loads(error.read())["Errors"]) from None


def refused(endpoint, params=()):
    try:
        call(endpoint, params)
    except ApiError as error:
        return error.statuses
    return []


token = call("GetSessionToken", [("APIKey", "demo"), ("Minutes", 15)])["SessionToken"]
if call("QuerySessionToken", [("SessionToken", token)])["Remaining"] < RENEW_LIMIT:
    renewed = call("RenewSessionToken", [("SessionToken", token)])
    token = renewed["SessionToken"]
    assert isinstance(renewed["Remaining"], int) and "T" in renewed["LastActive"]

source = call("GetUserDatasources", [("SessionToken", token)])[0]["Datasource"]
page = call("GetDatasets", [("SessionToken", token), ("Datasource", source), ("Page", 2)])
symbols = [dataset["Symbol"] for dataset in page["Datasets"][:2]]
series = [{"Datasource": source, "Symbol": symbol, "BateIndex": [0, 3]} for symbol in symbols]
period = {"SessionToken": token, "StartDate": "2020-01-01", "EndDate": "2020-12-31", "Frequency": "m"}

values = call("GetValues", body={**period, "Series": series})["Series"]
table = call("GetValuesRC", body={**period, "Series[]": series})
by_get = call("GetValues", [*period.items(), *(("Series[]", f"{source}/{s};BateIndex=0,3") for s in symbols)])["Series"]

print(json.dumps({
    "pages": page["Metadata"]["PagesCount"],
    "bates": [one["Metadata"]["Bates"] for one in values],
    "dates": [sorted(one["Values"])[-1] for one in values],
    "same": values == by_get,
    "columns": [column["Bate"] for column in table["Columns"]],
    "joined": all(
        row == values[0]["Values"][date] + values[1]["Values"][date] for date, row in table["Rows"].items()
    ),
    "key": call("GetAccountDetails", [("SessionToken", token)])["APIKey"],
    "refused": [refused("QuerySessionToken", [("SessionToken", "x")]), refused("GetValues", [("SessionToken", token)])],
    "revoked": call("RevokeSessionToken", [("SessionToken", token)])["Status"],
    "expired": refused("GetValues", [("SessionToken", token)]),
}))
