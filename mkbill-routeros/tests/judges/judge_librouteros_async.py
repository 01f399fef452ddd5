"""librouteros, asynchronous."""

import asyncio

from librouteros import async_connect, async_plain, async_token
from librouteros.exceptions import TrapError
from librouteros.query import Key

import scenario
from judge_librouteros import texts, words_of
from scenario import Refused


class LibrouterosAsync(scenario.Client):
    loop = asyncio.new_event_loop()

    def __init__(self, target, password=None):
        connecting = async_connect(
            target.host,
            target.user,
            target.password if password is None else password,
            port=target.port,
            encoding="utf-8",
            login_method=async_plain if target.takes_plain_login else async_token,
        )
        self.api = self.wait(connecting)

    def wait(self, act):
        try:
            return self.loop.run_until_complete(act)
        except TrapError as trap:
            raise Refused(trap.message) from trap

    def add(self, path, fields):
        return self.wait(self.api.path(path).add(**fields))

    def rows(self, path, query=None, fields=()):
        keys = (Key(name) for name in fields)
        found = self.api.path(path).select(*keys).where(*words_of(query))
        return texts(self.wait(collect(found)))

    def count(self, path):
        return self.wait(collect(self.api(f"{path}/print", **{"count-only": ""})))[0]["ret"]

    def set(self, path, number, fields):
        self.wait(self.api.path(path).update(**{".id": number, **fields}))

    def remove(self, path, *numbers):
        self.wait(self.api.path(path).remove(*numbers))

    def command(self, path, fields):
        self.wait(collect(self.api(path, **fields)))

    def close(self):
        self.wait(self.api.close())


async def collect(rows):
    return [row async for row in rows]


if __name__ == "__main__":
    scenario.run(LibrouterosAsync)
