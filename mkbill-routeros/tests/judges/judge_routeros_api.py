"""RouterOS-api. It tags its commands, sends an empty value without its second `=`, and its queries in
any order, which is why only conditions that commute are asked of it."""

from routeros_api import RouterOsApiPool
from routeros_api.exceptions import RouterOsApiCommunicationError
from routeros_api.query import IsEqualQuery, NandQuery, OrQuery

import scenario
from scenario import AnyOf, Differs, Equal, Refused

PATH = "/ip/hotspot/user"


def query_of(query):
    """The query as this library builds it; one condition that is negated is a NAND of one."""
    match query:
        case None:
            return ()
        case Equal(name, value):
            return (IsEqualQuery(name, value),)
        case Differs(name, value):
            return (NandQuery(IsEqualQuery(name, value)),)
        case AnyOf(name, values):
            return (OrQuery(*(IsEqualQuery(name, value) for value in values)),)


def texts(rows):
    """The library calls the number `id`."""
    return [{".id" if name == "id" else name: value for name, value in row.items()} for row in rows]


class RouterOsApi(scenario.Client):
    def __init__(self, target, password=None):
        self.pool = RouterOsApiPool(
            target.host,
            username=target.user,
            password=target.password if password is None else password,
            port=target.port,
            plaintext_login=target.takes_plain_login,
        )
        self.api = with_refusals(self.pool.get_api)

    def add(self, path, fields):
        done = with_refusals(lambda: self.api.get_resource(path).add(**fields)).done_message
        return done["ret"]

    def rows(self, path, query=None, fields=()):
        arguments = {"proplist": ",".join(fields)} if fields else {}
        menu = self.api.get_resource(path)
        call = lambda: menu.call("print", arguments, additional_queries=query_of(query))
        return texts(with_refusals(call))

    def count(self, path):
        menu = self.api.get_resource(path)
        answer = with_refusals(lambda: menu.call("print", {"count-only": ""}))
        return int(answer.done_message["ret"])

    def set(self, path, number, fields):
        with_refusals(lambda: self.api.get_resource(path).set(id=number, **fields))

    def remove(self, path, *numbers):
        with_refusals(lambda: self.api.get_resource(path).remove(id=",".join(numbers)))

    def command(self, path, fields):
        menu, verb = path.rsplit("/", 1)
        with_refusals(lambda: self.api.get_resource(menu).call(verb, fields))

    def close(self):
        self.pool.disconnect()

    @classmethod
    def extras(cls, checks, target):
        client = cls(target)
        judge_overlap(checks, client)
        judge_cancel(checks, client)
        client.close()


def judge_overlap(checks, client):
    menu = client.api.get_resource(PATH)
    names = [f"k{number}" for number in range(8)]
    adds = [menu.add_async(name=name) for name in names]
    numbers = [add.get().done_message["ret"] for add in reversed(adds)]
    prints = [menu.call_async("print", {}, {"name": name}) for name in names]
    found = [one.get()[0]["id"] for one in reversed(prints)]
    checks.equal(found, numbers, "commands that overlap get their own answers")
    client.remove(PATH, *numbers)


def judge_cancel(checks, client):
    menu = client.api.get_resource(PATH)
    listening = menu.call_async("listen")
    number = client.add(PATH, {"name": "k8"})
    client.remove(PATH, number)
    client.api.get_resource("/").call("cancel", {"tag": listening.inner.inner.tag.decode()})
    events = []
    try:
        for event in listening:
            events.append(event)
    except RouterOsApiCommunicationError as error:
        checks.equal(error.original_message, b"interrupted", "a listening ends as interrupted")
    else:
        checks.that(False, "a listening ends as interrupted", "an end without a trap")
    seen = [(event["id"], event.get("name"), event.get(".dead")) for event in events]
    wanted = [(number, "k8", None), (number, None, "true")]
    checks.equal(seen, wanted, "a listening tells the addition and the removal")


def with_refusals(act):
    try:
        return act()
    except RouterOsApiCommunicationError as error:
        raise Refused(error.original_message.decode()) from error


if __name__ == "__main__":
    scenario.run(RouterOsApi)
