"""routeros-py. It finds out by itself which login the router takes."""

import logging
from concurrent.futures import ThreadPoolExecutor

import routeros
from routeros.errors import DeviceError

import scenario
from scenario import AnyOf, Differs, Equal, Refused

PATH = "/ip/hotspot/user"


def words_of(query):
    match query:
        case None:
            return []
        case Equal(name, value):
            return [f"?{name}={value}"]
        case Differs(name, value):
            return [f"?{name}={value}", "?#!"]
        case AnyOf(name, values):
            operators = "|" * (len(values) - 1)
            return [*(f"?{name}={value}" for value in values), f"?#{operators}"]


def assignments(fields):
    return [f"={name}={value}" for name, value in fields.items()]


class RouterosPy(scenario.Client):
    def __init__(self, target, password=None):
        address = f"{target.host}:{target.port}"
        password = target.password if password is None else password
        dial = lambda: routeros.dial(address, target.user, password, timeout=10)
        self.client = with_refusals(dial)

    def run(self, *words):
        return with_refusals(lambda: self.client.run(*words))

    def add(self, path, fields):
        return self.run(f"{path}/add", *assignments(fields)).done.map["ret"]

    def rows(self, path, query=None, fields=()):
        wanted = [f"=.proplist={','.join(fields)}"] if fields else []
        return [row.map for row in self.run(f"{path}/print", *wanted, *words_of(query)).re]

    def count(self, path):
        return int(self.run(f"{path}/print", "=count-only=").done.map["ret"])

    def set(self, path, number, fields):
        self.run(f"{path}/set", f"=.id={number}", *assignments(fields))

    def remove(self, path, *numbers):
        self.run(f"{path}/remove", f"=.id={','.join(numbers)}")

    def command(self, path, fields):
        self.run(path, *assignments(fields))

    def close(self):
        self.client.close()

    @classmethod
    def extras(cls, checks, target):
        client = cls(target)
        client.client.async_start()
        judge_overlap(checks, client)
        judge_cancel(checks, client)
        client.close()


def judge_overlap(checks, client):
    names = [f"k{number}" for number in range(8)]

    def add_and_find(name):
        number = client.add(PATH, {"name": name})
        rows = client.rows(PATH, Equal("name", name))
        return [(row["name"], row[".id"]) for row in rows] == [(name, number)]

    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(add_and_find, names))
    checks.equal(found, [True] * len(names), "commands that overlap get their own answers")
    client.remove(PATH, *(row[".id"] for row in client.rows(PATH, AnyOf("name", tuple(names)))))


def judge_cancel(checks, client):
    listening = client.client.listen(f"{PATH}/listen")
    number = client.add(PATH, {"name": "k8"})
    client.remove(PATH, number)
    listening.cancel()
    seen = [(row.map.get(".id"), row.map.get("name"), row.map.get(".dead")) for row in listening]
    wanted = [(number, "k8", None), (number, None, "true")]
    checks.equal(seen, wanted, "a listening tells the addition and the removal")
    checks.equal(listening.err, None, "a listening that is cancelled ends well")
    end = listening.done.map
    got = (end.get("category"), end.get("message"))
    checks.equal(got, ("2", "interrupted"), "a listening ends as interrupted")


def with_refusals(act):
    try:
        return act()
    except DeviceError as error:
        raise Refused(error.message) from error


if __name__ == "__main__":
    # It warns of the `!done` that follows the trap of a cancelled listening.
    logging.getLogger("routeros").setLevel(logging.ERROR)
    scenario.run(RouterosPy)
