"""rosrestpy over REST. Version 0.12.2 forgets the address of the router when it removes, so removals go
through its session; and it takes every text for true, so truths are read from the plain answer."""

import requests
from ros import Error, Ros
from ros.ip.hotspot import HotspotUser
from ros.ppp import PPPSecret

import scenario


def table(ros, path):
    """The menu as this library has it and the type of its rows."""
    if path == "/ip/hotspot/user":
        return ros.ip.hotspot.user, HotspotUser
    return ros.ppp.secret, PPPSecret


def connect(target, password=None):
    password = target.password if password is None else password
    session = requests.Session()
    session.trust_env = False
    return Ros(f"http://{target.host}:{target.port}/", target.user, password, session=session)


def refusal(act):
    """Status, message and detail of a refusal."""
    try:
        return act()
    except Error as error:
        return error.error, error.message, error.detail


def judge(checks, target):
    checks.section("login", lambda: judge_login(checks, target))
    ros = connect(target)
    for menu in scenario.menus():
        checks.section(menu["path"], lambda: judge_menu(checks, ros, menu))


def judge_login(checks, target):
    ros = connect(target)
    checks.equal(ros.system.identity.name, "MikroTik", "the right password opens the router")
    major, minor = target.version[:2]
    version = ros.system.resource.version
    checks.that(version.startswith(f"{major}.{minor}"), "the router tells its release", version)
    stranger = connect(target, password="wrong")
    got = refusal(lambda: stranger.system.identity)[:2]
    checks.equal(got, (401, "Unauthorized"), "a wrong password is refused")


def judge_menu(checks, ros, menu):
    path = menu["path"]
    rows, kind = table(ros, path)
    before = len(rows.print())
    fields = {name.replace("-", "_"): value for name, value in menu["add"].items()}
    added = [rows.add(kind(name=name, **fields)) for name in ("r1", "r2", "r3")]
    well_formed = all(scenario.NUMBER.fullmatch(row.id) for row in added)
    checks.that(well_formed, f"{path} answers each add with the object", added)
    judge_prints(checks, rows, menu, added, before)
    judge_changes(checks, rows, menu, added[1])
    judge_refusals(checks, ros, rows, menu, kind(name="r1", **fields))
    statuses = [ros.session.delete(f"{ros.url}{path}/{row.id}").status_code for row in added]
    checks.that(set(statuses) <= {200, 204}, f"{path} removes", statuses)
    again = ros.session.delete(f"{ros.url}{path}/{added[0].id}").status_code
    checks.equal(again, 404, f"{path} knows that it is gone")
    checks.equal(len(rows.print()), before, f"{path} is as it was before")


def judge_prints(checks, rows, menu, added, before):
    path = menu["path"]
    checks.equal(len(rows.print()), before + 3, f"{path} prints what was added")
    found = rows.print(name="r2")
    checks.equal([row.id for row in found], [added[1].id], f"{path} finds by name")
    got = read(rows, added[1], menu["reads"])
    checks.equal(got, menu["reads"], f"{path} prints r2 in its own notation")
    checks.equal(rows.print(name="nobody"), [], f"{path} answers a search in vain")


def judge_changes(checks, rows, menu, row):
    path = menu["path"]
    answered = rows.set(row, menu["set"])
    checks.equal(answered.id, row.id, f"{path} answers a change with the object")
    got = read(rows, row, menu["set_reads"])
    checks.equal(got, menu["set_reads"], f"{path} changes what is set, no more")
    rows.set(row, {"comment": ""})
    checks.that(not rows.print(name="r2")[0].comment, f"{path} clears a comment")


def judge_refusals(checks, ros, rows, menu, twin):
    path = menu["path"]
    wanted = (400, "Bad Request", menu["duplicate"])
    checks.equal(refusal(lambda: rows.add(twin)), wanted, f"{path} refuses a second r1")
    missing = ros.session.get(f"{ros.url}{path}/*FFFFF0")
    checks.equal(missing.status_code, 404, f"{path} does not have every number")
    strange = ros.session.get(f"{ros.url}/ip/nonsense")
    got = (strange.status_code, strange.json()["detail"])
    checks.equal(got, (406, "no such command or directory (nonsense)"), "a strange menu is refused")
    query = {".query": ["name=r1", "name=r3", "#|"], ".proplist": ["name"]}
    answer = ros.session.post(f"{ros.url}{path}/print", json=query).json()
    names = [row["name"] for row in answer]
    checks.equal(names, ["r1", "r3"], f"{path} finds either of two")


def read(rows, row, fields):
    """Fields of one object, as the router writes them."""
    answer = rows.ros.session.get(f"{rows.ros.url}{rows.filename}/{row.id}").json()
    return {name: answer.get(name) for name in fields}


if __name__ == "__main__":
    scenario.run_own(judge)
