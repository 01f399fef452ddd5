"""librouteros, synchronous."""

from librouteros import connect, plain, token
from librouteros.exceptions import FatalError, TrapError
from librouteros.query import Key

import scenario
from scenario import AnyOf, Differs, Equal, Refused, text


def words_of(query):
    """The query as this library builds it."""
    match query:
        case None:
            return ()
        case Equal(name, value):
            return (Key(name) == value,)
        case Differs(name, value):
            return (Key(name) != value,)
        case AnyOf(name, values):
            return (Key(name).In(*values),)


def texts(rows):
    return [{name: text(value) for name, value in row.items()} for row in rows]


class Librouteros(scenario.Client):
    def __init__(self, target, password=None):
        method = plain if target.takes_plain_login else token
        with_refusals(lambda: self.connect(target, method, password))

    def connect(self, target, method, password=None):
        self.api = connect(
            target.host,
            target.user,
            target.password if password is None else password,
            port=target.port,
            encoding="utf-8",
            login_method=method,
        )

    def add(self, path, fields):
        return with_refusals(lambda: self.api.path(path).add(**fields))

    def rows(self, path, query=None, fields=()):
        keys = (Key(name) for name in fields)
        found = self.api.path(path).select(*keys).where(*words_of(query))
        return with_refusals(lambda: texts(found))

    def count(self, path):
        rows = with_refusals(lambda: list(self.api(f"{path}/print", **{"count-only": ""})))
        return rows[0]["ret"]

    def set(self, path, number, fields):
        with_refusals(lambda: self.api.path(path).update(**{".id": number, **fields}))

    def remove(self, path, *numbers):
        with_refusals(lambda: self.api.path(path).remove(*numbers))

    def command(self, path, fields):
        with_refusals(lambda: list(self.api(path, **fields)))

    def close(self):
        self.api.close()

    @classmethod
    def extras(cls, checks, target):
        nobody = cls.__new__(cls)
        nobody.connect(target, lambda api, user, password: None)
        checks.equal(fatal(nobody), "not logged in", "a command without a login ends the connection")
        if not target.takes_plain_login:
            half = cls.__new__(cls)
            half.connect(target, plain)
            what = "a challenge is no login"
            checks.equal(fatal(half), "not logged in", what)
        client = cls(target)
        try:
            list(client.api("/quit"))
        except FatalError as error:
            wanted = "session terminated on request"
            checks.equal(str(error), wanted, "the router says goodbye")
        else:
            checks.that(False, "the router says goodbye", "an answer")


def fatal(client):
    """With what the router ends the connection when it is asked for something."""
    try:
        return list(client.api("/system/identity/print"))
    except FatalError as error:
        return str(error)


def with_refusals(act):
    try:
        return act()
    except TrapError as trap:
        raise Refused(trap.message) from trap


if __name__ == "__main__":
    scenario.run(Librouteros)
