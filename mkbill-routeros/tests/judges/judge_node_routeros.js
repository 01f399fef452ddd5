// node-routeros 1.6.9. It takes `!empty` of RouterOS 7.18 for an error of its own and ends the process,
// so what is not there is counted, not printed. It writes and reads texts in code page 1252.

'use strict';

const { RouterOSAPI } = require('node-routeros');
const menus = require('./menus.json');

const TIME_MAX_MS = 60_000;
const USER = 'admin';
const USERS = '/ip/hotspot/user';
const UNKNOWN_PATH = /^no such command( prefix| or directory \(.*\))?$/;
const UNKNOWN_FIELD = /^unknown parameter( colour)?$/;
const NO_ITEM = /^no such item( \(4\))?$/;

let failed = 0;
let done = 0;

function that(holds, what, got) {
  done += 1;
  if (holds) {
    console.log(`ok ${what}`);
  } else {
    failed += 1;
    console.log(`FAILED ${what}: got ${JSON.stringify(got)}`);
  }
}

function equal(got, wanted, what) {
  that(JSON.stringify(got) === JSON.stringify(wanted), what, got);
}

async function refused(act, wanted, what) {
  try {
    that(false, what, await act);
  } catch (error) {
    that(wanted instanceof RegExp ? wanted.test(error.message) : error.message === wanted, what, error.message);
  }
}

async function section(name, act) {
  try {
    await act();
  } catch (error) {
    that(false, `${name} goes on to its end`, String(error));
  }
}

function connect(target, password) {
  const client = new RouterOSAPI({ ...target, user: USER, password, timeout: 10 });
  return client.connect();
}

function words(fields) {
  return Object.entries(fields).map(([name, value]) => `=${name}=${value}`);
}

function pick(row, names) {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

class Menu {
  constructor(client, path) {
    this.client = client;
    this.path = path;
  }

  async add(fields) {
    return (await this.client.write(`${this.path}/add`, words(fields)))[0].ret;
  }

  print(...more) {
    return this.client.write(`${this.path}/print`, more);
  }

  async numbers(...query) {
    return (await this.print(...query)).map((row) => row['.id']);
  }

  async count(...query) {
    return Number((await this.print('=count-only=', ...query))[0].ret);
  }

  set(number, fields) {
    return this.client.write(`${this.path}/set`, [`=.id=${number}`, ...words(fields)]);
  }

  remove(...numbers) {
    return this.client.write(`${this.path}/remove`, [`=.id=${numbers.join(',')}`]);
  }
}

async function judgeLogin(target, password) {
  await refused(connect(target, 'wrong'), /Username or password is invalid|CANTLOGIN/, 'a wrong password is refused');
  const client = await connect(target, password);
  const names = (await client.write('/system/identity/print')).map((row) => row.name);
  equal(names, ['MikroTik'], 'the right password opens the router');
  await client.close();
}

async function judgeMenu(target, password, menu) {
  const client = await connect(target, password);
  const table = new Menu(client, menu.path);
  const before = await table.count();
  const ids = [];
  for (const name of ['n1', 'n2', 'n3']) ids.push(await table.add({ name, ...menu.add }));
  that(ids.every((id) => /^\*[0-9A-F]+$/.test(id)) && new Set(ids).size === 3, `${menu.path} numbers its objects`, ids);
  equal(await table.count(), before + 3, `${menu.path} counts what was added`);
  await judgePrints(table, menu, ids);
  await judgeChanges(table, menu, ids[1]);
  await judgeRefusals(table, menu);
  await table.remove(ids[0]);
  equal(await table.count('?name=n1'), 0, `${menu.path} removes one`);
  await refused(table.remove(ids[0]), NO_ITEM, `${menu.path} refuses to remove twice`);
  await table.remove(ids[1], ids[2]);
  equal(await table.count(), before, `${menu.path} is as it was before`);
  await client.close();
}

async function judgePrints(table, menu, ids) {
  const rows = await table.print();
  const names = Object.keys(menu.reads);
  for (const id of ids) {
    const row = rows.find((one) => one['.id'] === id);
    equal(pick(row, names), menu.reads, `${menu.path} prints ${id} as it was added, in its own notation`);
  }
  equal(await table.numbers('?name=n2'), [ids[1]], `${menu.path} finds by name`);
  equal(await table.numbers(`?=.id=${ids[2]}`), [ids[2]], `${menu.path} finds by number`);
  equal(await table.numbers('?name=n1', '?name=n3', '?#|'), [ids[0], ids[2]], `${menu.path} finds either of two`);
  const others = await table.numbers('?name=n1', '?#!');
  that(!others.includes(ids[0]) && others.includes(ids[1]), `${menu.path} finds all but one`, others);
  const few = await table.print('=.proplist=name,comment', '?name=n1');
  equal(few, [{ name: 'n1', comment: menu.add.comment }], `${menu.path} sends the asked fields only`);
  equal(await table.count('?name=nobody'), 0, `${menu.path} answers a search in vain`);
}

async function judgeChanges(table, menu, id) {
  const names = Object.keys(menu.set_reads);
  const read = async (wanted) => pick((await table.print(`?=.id=${id}`))[0], wanted);
  await table.set(id, menu.set);
  equal(await read(names), menu.set_reads, `${menu.path} changes what is set, no more`);
  for (const comment of ['a'.repeat(247), 'Kafé Nusa €5']) {
    await table.set(id, { comment });
    equal(await read(['comment']), { comment }, `${menu.path} keeps a comment of ${comment.length} letters`);
  }
  await table.set(id, { comment: '' });
  that(!(await read(['comment'])).comment, `${menu.path} clears a comment`);
}

async function judgeRefusals(table, menu) {
  const { client, path } = table;
  await refused(table.add({ name: 'n1', ...menu.add }), menu.duplicate, `${path} refuses a second n1`);
  const profile = 'input does not match any value of profile';
  await refused(table.add({ name: 'n4', profile: 'nowhere' }), profile, `${path} refuses a strange profile`);
  await refused(table.add({ name: 'n4', colour: 'red' }), UNKNOWN_FIELD, `${path} refuses a strange field`);
  await refused(client.write(`${path}/nonsense`), UNKNOWN_PATH, `${path} refuses a strange command`);
  await refused(client.write('/ip/nonsense/print'), UNKNOWN_PATH, 'a strange menu is refused');
}

async function judgeOverlap(table) {
  const names = Array.from({ length: 8 }, (_, number) => `k${number}`);
  const ids = await Promise.all(names.map((name) => table.add({ name })));
  const found = await Promise.all(names.map((name) => table.numbers(`?name=${name}`)));
  equal(found, ids.map((id) => [id]), 'commands that overlap get their own answers');
  await table.remove(...ids);
}

// The stream tells its events; the promise of `stop` is kept when the router has answered `/cancel`.
async function judgeCancel(table) {
  const events = [];
  const stream = table.client.writeStream([`${table.path}/listen`]);
  stream.on('data', (row) => events.push([row['.id'], row.name, row['.dead']]));
  stream.on('error', (error) => that(false, 'a listening goes on', error));
  const id = await table.add({ name: 'k8' });
  await table.remove(id);
  await stream.stop();
  equal(events, [[id, 'k8', undefined], [id, undefined, 'true']], 'a listening tells the addition and the removal');
  equal(await table.count('?name=k8'), 0, 'a cancelled listening leaves the connection usable');
}

async function judgeAbilities(target, password) {
  const client = await connect(target, password);
  const table = new Menu(client, USERS);
  await judgeOverlap(table);
  await judgeCancel(table);
  await client.close();
}

async function judge([address]) {
  const colon = address.lastIndexOf(':');
  const target = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  const password = process.env.MKBILL_SIM_PASSWORD;
  await section('login', () => judgeLogin(target, password));
  for (const menu of menus) {
    await section(menu.path, () => judgeMenu(target, password, menu));
  }
  await section('own abilities', () => judgeAbilities(target, password));
  process.exit(done > 0 && failed === 0 ? 0 : 1);
}

setTimeout(() => process.exit(1), TIME_MAX_MS).unref();
judge(process.argv.slice(2));
