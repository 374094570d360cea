"""A collector of CRA's data as public ones are: it knows nothing of the sandbox but its address."""
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

BASE = f"{sys.argv[1]}/cra/serviceGateway/services/{sys.argv[2]}"
ALL = "context=ALL&system=*&scope=*&server=*"


def call(path, data=None, headers={}):
    with urllib.request.urlopen(urllib.request.Request(f"{BASE}/{path}", data, headers)) as response:
        return json.load(response)


class Collector:
    def __init__(self):
        self.logons = 0
        self.log_on()

    def log_on(self):
        form = urllib.parse.urlencode({"username": "demo", "password": "demo"}).encode()
        self.token = call("logon", form)["userToken"]
        self.logons += 1

    def collect(self, product, view):
        path = f"products/{product}/views/{view}/data?{ALL}&row=9999"
        for attempt in range(2):
            try:
                return call(path, headers={"Authorization": f"Bearer {self.token}"})["Rows"]
            except urllib.error.HTTPError as error:
                if error.code != 401 or attempt > 0:
                    raise
                self.log_on()


def plain(cell):
    return cell if isinstance(cell, str) else cell[0]["0"]


collector = Collector()
jobs = collector.collect("MVMVS", "JCPU")
time.sleep(float(sys.argv[3]))
stacks = collector.collect("MVIP", "STACKS")
print(json.dumps({
    "jobs": len(jobs),
    "cpu": all(float(plain(row["ASICPSCA"])) >= 0 for row in jobs),
    "stacks": [plain(row["STKNAME"]) for row in stacks],
    "logons": collector.logons,
}))
