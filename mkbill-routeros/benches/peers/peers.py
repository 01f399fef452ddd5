"""The Python clients at the work that docs/PERFORMANCE.md compares.

Arguments: client, work, host:port, how many, and how new names begin. Prints the time on the wall and on
the processor in nanoseconds and the peak of the memory in KiB, each for the work alone but the memory."""

import os
import sys
import time

PASSWORD = os.environ["MKBILL_SIM_PASSWORD"]
USER = "admin"
USERS = "/ip/hotspot/user"


class Librouteros:
    """Has no tags, so nothing can be under way at once."""

    def __init__(self, host, port):
        from librouteros import connect

        self.api = connect(host, USER, PASSWORD, port=port, timeout=60)
        self.users = self.api.path(USERS)

    def list(self):
        return len(list(self.users))

    def add(self, fields):
        return self.users.add(**fields)

    def identity(self):
        return len(list(self.api.path("/system/identity")))

    def close(self):
        self.api.close()


class RouterosApi:
    def __init__(self, host, port):
        from routeros_api import RouterOsApiPool

        self.pool = RouterOsApiPool(
            host, username=USER, password=PASSWORD, port=port, plaintext_login=True
        )
        self.pool.socket_timeout = 60
        self.api = self.pool.get_api()
        self.users = self.api.get_resource(USERS)

    def list(self):
        return len(self.users.get())

    def add(self, fields):
        return self.users.add(**fields).done_message["ret"]

    def add_all(self, all_fields):
        under_way = [self.users.add_async(**fields) for fields in all_fields]
        return [one.get().done_message["ret"] for one in under_way]

    def identity(self):
        return len(self.api.get_resource("/system/identity").get())

    def close(self):
        self.pool.disconnect()


CLIENTS = {"librouteros": Librouteros, "RouterOS-api": RouterosApi}


def user(name):
    return {"name": name, "password": name, "profile": "default", "comment": "side by side"}


def main(kind, work, address, count, prefix):
    host, port = address.rsplit(":", 1)
    count = int(count)
    connect = lambda: CLIENTS[kind](host, int(port))
    users = (user(f"{prefix}{number}") for number in range(count))
    if work == "connect":
        connect().close()
        return measured(lambda: sum(connect_and_ask(connect) for _ in range(count)), count)
    client = connect()
    if work == "list":
        return measured(client.list, count)
    if work == "adds":
        return measured(lambda: len({client.add(one) for one in users}), count)
    return measured(lambda: len(set(client.add_all(users))), count)


def connect_and_ask(connect):
    client = connect()
    rows = client.identity()
    client.close()
    return rows


def measured(act, wanted):
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    done = act()
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    assert done == wanted, f"{done} instead of {wanted}"
    print(wall, cpu, peak_kib())


def peak_kib():
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return lines["VmHWM"].split()[0]


main(*sys.argv[1:])
