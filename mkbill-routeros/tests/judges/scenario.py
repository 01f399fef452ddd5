"""What every Python client does to every menu, and how its checks are counted and told."""

import argparse
import json
import os
import pathlib
import re
import signal
import sys
from dataclasses import dataclass

TIME_MAX_S = 60
USER = "admin"
LONG_COMMENT = "a" * 247
NON_ASCII_COMMENT = "Kafé Nusa ☕"
MASKING_SINCE = (7, 21)
PLAIN_LOGIN_SINCE = (6, 43)
UNKNOWN_PATH = re.compile(r"no such command( prefix| or directory \(.*\))?")
NUMBER = re.compile(r"\*[0-9A-F]+")


class Refused(Exception):
    """The router answered with a trap; the text is its message."""


@dataclass(frozen=True)
class Target:
    """The router to talk to."""

    host: str
    port: int
    version: tuple[int, ...]
    user: str
    password: str

    @property
    def takes_plain_login(self) -> bool:
        return self.version >= PLAIN_LOGIN_SINCE

    @property
    def wrong_password_text(self) -> str:
        if self.takes_plain_login:
            return "invalid user name or password (6)"
        return "cannot log in"


@dataclass(frozen=True)
class Equal:
    name: str
    value: str


@dataclass(frozen=True)
class Differs:
    name: str
    value: str


@dataclass(frozen=True)
class AnyOf:
    name: str
    values: tuple[str, ...]


class Client:
    """One logged-in connection of one library. Rows are dictionaries of texts; `.id` is the number."""

    def __init__(self, target: Target, password: str | None = None):
        """Connects and logs in, with another password than the right one if one is given."""
        raise NotImplementedError

    def add(self, path, fields):
        """Adds an object and gives the number that the router answered."""
        raise NotImplementedError

    def rows(self, path, query=None, fields=()):
        """Prints the rows that match the query, with these fields only if any are named."""
        raise NotImplementedError

    def count(self, path):
        """Asks for the number of rows only."""
        raise NotImplementedError

    def set(self, path, number, fields):
        raise NotImplementedError

    def remove(self, path, *numbers):
        raise NotImplementedError

    def command(self, path, fields):
        """Runs any command that gives no rows."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError

    @classmethod
    def extras(cls, checks, target):
        """What only this library can do."""


class Checks:
    """Counts checks and prints each of them on a line of its own."""

    def __init__(self):
        self.done = 0
        self.failed = 0

    def that(self, holds, what, got=None):
        self.done += 1
        if holds:
            print(f"ok {what}")
        else:
            self.failed += 1
            print(f"FAILED {what}: got {got!r}")

    def equal(self, got, wanted, what):
        self.done += 1
        if got == wanted:
            print(f"ok {what}")
        else:
            self.failed += 1
            print(f"FAILED {what}: got {got!r}, wanted {wanted!r}")

    def refused(self, act, wanted, what):
        """`act` must be refused with exactly this text, or one that fits the whole pattern."""
        try:
            got = act()
        except Refused as refusal:
            text = str(refusal)
            fits = wanted.fullmatch(text) if isinstance(wanted, re.Pattern) else text == wanted
            self.that(fits, what, text)
        else:
            self.that(False, what, f"no refusal but {got!r}")

    def section(self, name, act):
        """Runs checks of which one may end the others; that counts as a failure."""
        try:
            act()
        except Exception as error:
            self.that(False, f"{name} goes on to its end", error)


def text(value):
    """A value as the router writes it; libraries turn some into numbers and truths."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def run(client_class):
    """Judges the router that the arguments name by a client and ends the program."""

    def judge(checks, target):
        checks.section("login", lambda: judge_login(checks, client_class, target))
        for menu in menus():
            judge_menu_section(checks, client_class, target, menu)
        checks.section("own abilities", lambda: client_class.extras(checks, target))

    run_own(judge)


def run_own(judge):
    """Judges the router that the arguments name by other checks and ends the program."""
    signal.alarm(TIME_MAX_S)
    checks = Checks()
    judge(checks, read_target())
    sys.exit(0 if checks.done and not checks.failed else 1)


def menus():
    """The menus to judge, with what goes in and what comes out."""
    return json.loads(pathlib.Path(__file__).with_name("menus.json").read_text())


def read_target():
    parser = argparse.ArgumentParser()
    parser.add_argument("address", help="host:port of the API")
    parser.add_argument("routeros", help="the release, such as 7.18")
    arguments = parser.parse_args()
    host, port = arguments.address.rsplit(":", 1)
    version = tuple(int(part) for part in arguments.routeros.split("."))
    return Target(host, int(port), version, USER, os.environ["MKBILL_SIM_PASSWORD"])


def judge_login(checks, client_class, target):
    checks.refused(
        lambda: client_class(target, password="wrong"),
        target.wrong_password_text,
        "a wrong password is refused in the router's words",
    )
    client = client_class(target)
    checks.equal(
        [row["name"] for row in client.rows("/system/identity")],
        ["MikroTik"],
        "the right password opens the router",
    )
    client.close()


def judge_menu_section(checks, client_class, target, menu):
    def act():
        client = client_class(target)
        try:
            judge_menu(checks, client, target, menu)
        finally:
            client.close()

    checks.section(menu["path"], act)


def judge_menu(checks, client, target, menu):
    path = menu["path"]
    before = client.count(path)
    ids = {name: client.add(path, {"name": name, **menu["add"]}) for name in ("j1", "j2", "j3")}
    judge_added(checks, client, target, menu, ids)
    checks.equal(client.count(path), before + 3, f"{path} counts what was added")
    judge_queries(checks, client, path, ids)
    judge_changes(checks, client, menu, ids)
    judge_refusals(checks, client, menu)
    judge_removal(checks, client, path, ids)
    checks.equal(client.count(path), before, f"{path} is as it was before")


def judge_added(checks, client, target, menu, ids):
    path = menu["path"]
    well_formed = all(NUMBER.fullmatch(number) for number in ids.values())
    checks.that(well_formed, f"{path} answers each add with a number", ids)
    checks.equal(len(set(ids.values())), 3, f"{path} gives each object its own number")
    rows = {row.get("name"): row for row in client.rows(path)}
    for name, number in ids.items():
        row = rows.get(name, {})
        checks.equal(row.get(".id"), number, f"{path} prints {name} under its number")
        got = {field: row.get(field) for field in menu["reads"]}
        checks.equal(got, menu["reads"], f"{path} prints {name} as it was added, in its own notation")
    shown = rows["j1"].get("password") == menu["add"]["password"]
    masks = target.version >= MASKING_SINCE
    checks.equal(shown, not masks, f"{path} shows passwords before 7.21 and masks them after")


def judge_queries(checks, client, path, ids):
    def numbers(query):
        return [row[".id"] for row in client.rows(path, query)]

    checks.equal(numbers(Equal("name", "j2")), [ids["j2"]], f"{path} finds by name")
    checks.equal(numbers(Equal(".id", ids["j3"])), [ids["j3"]], f"{path} finds by number")
    both = AnyOf("name", ("j1", "j3"))
    checks.equal(numbers(both), [ids["j1"], ids["j3"]], f"{path} finds either of two")
    others = numbers(Differs("name", "j1"))
    checks.that(
        ids["j1"] not in others and {ids["j2"], ids["j3"]} <= set(others),
        f"{path} finds all but one",
        others,
    )
    checks.equal(numbers(Equal("name", "nobody")), [], f"{path} answers a search in vain")
    few = client.rows(path, Equal("name", "j1"), fields=("name", "comment"))
    wanted = [{"name": "j1", "comment": "price=5000 a=b"}]
    checks.equal(few, wanted, f"{path} sends the asked fields only")


def judge_changes(checks, client, menu, ids):
    path, number = menu["path"], ids["j2"]

    def reads(fields):
        row = client.rows(path, Equal(".id", number))[0]
        return {field: row.get(field) for field in fields}

    client.set(path, number, menu["set"])
    checks.equal(reads(menu["set_reads"]), menu["set_reads"], f"{path} changes what is set, no more")
    client.set(path, number, {"name": "j2-new"})
    checks.equal(reads(["name"]), {"name": "j2-new"}, f"{path} renames")
    client.set(path, number, {"name": "j2"})
    for comment in (LONG_COMMENT, NON_ASCII_COMMENT):
        client.set(path, number, {"comment": comment})
        what = f"{path} keeps a comment of {len(comment.encode())} bytes"
        checks.equal(reads(["comment"]), {"comment": comment}, what)
    client.set(path, number, {"comment": ""})
    cleared = reads(["comment"])["comment"] in (None, "")
    checks.that(cleared, f"{path} clears a comment", reads(["comment"]))


def judge_refusals(checks, client, menu):
    path = menu["path"]
    again = {"name": "j1", **menu["add"]}
    checks.refused(lambda: client.add(path, again), menu["duplicate"], f"{path} refuses a second j1")
    strange = {"name": "j4", "profile": "nowhere"}
    text_wanted = "input does not match any value of profile"
    checks.refused(lambda: client.add(path, strange), text_wanted, f"{path} refuses a strange profile")
    unknown = {"name": "j4", "colour": "red"}
    pattern = re.compile("unknown parameter( colour)?")
    checks.refused(lambda: client.add(path, unknown), pattern, f"{path} refuses a strange field")
    no_item = re.compile(r"no such item( \(4\))?")
    act = lambda: client.set(path, "*FFFFF0", {"comment": "x"})
    checks.refused(act, no_item, f"{path} refuses to change what is not there")
    act = lambda: client.command(f"{path}/nonsense", {})
    checks.refused(act, UNKNOWN_PATH, f"{path} refuses a strange command")
    act = lambda: client.command("/ip/nonsense/print", {})
    checks.refused(act, UNKNOWN_PATH, "a strange menu is refused")


def judge_removal(checks, client, path, ids):
    client.remove(path, ids["j1"])
    gone = client.rows(path, Equal("name", "j1"))
    checks.equal(gone, [], f"{path} removes one")
    no_item = re.compile(r"no such item( \(4\))?")
    act = lambda: client.remove(path, ids["j1"])
    checks.refused(act, no_item, f"{path} refuses to remove twice")
    left = client.rows(path, AnyOf("name", ("j2", "j3")))
    checks.equal(len(left), 2, f"{path} keeps the others")
    client.remove(path, ids["j2"], ids["j3"])
    left = client.rows(path, AnyOf("name", ("j2", "j3")))
    checks.equal(left, [], f"{path} removes two at once")
