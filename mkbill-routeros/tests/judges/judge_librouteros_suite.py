"""What librouteros 4.2.2 expects of a router in its own integration tests, on connections of both its
kinds: interfaces, addresses, queries and words longer than one length byte can say."""

import asyncio

from librouteros import async_connect, async_plain, async_token, connect, plain, token
from librouteros.exceptions import TrapError
from librouteros.query import And, Key, Or

import scenario
from judge_librouteros_async import collect
from scenario import LONG_COMMENT

ADDRESSES = "/ip/address"
DUPLICATE = "failure: already have such address"


class Sync:
    name = "synchronous"

    def __init__(self, target):
        self.api = connect(
            target.host,
            target.user,
            target.password,
            port=target.port,
            login_method=plain if target.takes_plain_login else token,
        )

    def rows(self, found):
        return list(found)

    def do(self, act):
        return act


class Async:
    name = "asynchronous"

    def __init__(self, target):
        self.loop = asyncio.new_event_loop()
        connecting = async_connect(
            target.host,
            target.user,
            target.password,
            port=target.port,
            login_method=async_plain if target.takes_plain_login else async_token,
        )
        self.api = self.do(connecting)

    def rows(self, found):
        return self.do(collect(found))

    def do(self, act):
        return self.loop.run_until_complete(act)


def judge(checks, client):
    judge_interfaces(checks, client)
    judge_addresses(checks, client)
    judge_long_words(checks, client)


def judge_interfaces(checks, client):
    rows = client.rows(client.api("/interface/print"))
    names = [row["name"] for row in rows]
    checks.that("ether1" in names, f"{client.name}: ether1 is there", names)
    bare = [row for row in rows if not {"mtu", "mac-address"} <= row.keys()]
    checks.equal(bare, [], f"{client.name}: every interface has a size and an address")
    menu = client.api.path("interface")
    got = client.rows(menu.select(Key("name"), Key("mtu")).where(Key("name") == "ether1"))
    checks.equal(got, [{"name": "ether1", "mtu": 1500}], f"{client.name}: numbers are numbers")


def judge_addresses(checks, client):
    menu = client.api.path("ip", "address")
    texts = ("172.16.1.1/24", "172.16.2.1/24", "172.16.3.1/24")
    ids = [client.do(menu.add(address=text, interface="ether1")) for text in texts]
    number, address = Key(".id"), Key("address")

    def addresses(*query):
        return [row["address"] for row in client.rows(menu.select(address).where(*query))]

    checks.equal(addresses(number == ids[0]), [texts[0]], f"{client.name}: found by number")
    by_text = client.rows(menu.select(number, address).where(address == texts[1]))
    wanted = [{".id": ids[1], "address": texts[1]}]
    checks.equal(by_text, wanted, f"{client.name}: found by value with the asked fields")
    checks.equal(addresses(number.In(*ids)), [*texts], f"{client.name}: any of three")
    either = Or(address == texts[0], address == texts[2])
    checks.equal(addresses(either), [texts[0], texts[2]], f"{client.name}: one or the other")
    both = And(address == texts[0], number == ids[0])
    checks.equal(addresses(both), [texts[0]], f"{client.name}: one and the other")
    neither = And(address == texts[0], number == ids[1])
    checks.equal(addresses(neither), [], f"{client.name}: what contradicts itself")
    checks.equal(refusal(client, menu, texts[0]), DUPLICATE, f"{client.name}: a second address")
    client.do(menu.update(**{".id": ids[0], "address": "172.16.4.1/24"}))
    changed = addresses(number == ids[0])
    checks.equal(changed, ["172.16.4.1/24"], f"{client.name}: changed")
    client.do(menu.remove(*ids))
    checks.equal(addresses(number.In(*ids)), [], f"{client.name}: removed")


def refusal(client, menu, text):
    try:
        return client.do(menu.add(address=text, interface="ether1"))
    except TrapError as trap:
        return trap.message


def judge_long_words(checks, client):
    """`=comment=` and 247 letters are 256 bytes: the second byte of that length is a zero."""
    menu = client.api.path("ip", "address")
    comment, number = Key("comment"), Key(".id")
    for length in (118, 119, len(LONG_COMMENT), 1000, 16_375):
        text = "b" * length
        added = client.do(menu.add(address="172.16.9.1/24", interface="ether1", comment=text))
        got = client.rows(menu.select(comment).where(number == added))
        what = f"{client.name}: a comment of {length} bytes"
        checks.equal(got == [{"comment": text}], True, what)
        client.do(menu.remove(added))


def judge_both(checks, target):
    for kind in (Sync, Async):
        checks.section(kind.name, lambda: judge(checks, kind(target)))


if __name__ == "__main__":
    scenario.run_own(judge_both)
