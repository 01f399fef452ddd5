// node-routeros at the work that docs/PERFORMANCE.md compares.
//
// Arguments: client, work, host:port, how many, and how new names begin. Prints the time on the wall and
// on the processor in nanoseconds and the peak of the memory in KiB, each for the work alone but the memory.

'use strict';

const fs = require('fs');
const { RouterOSAPI } = require('node-routeros');

const USER = 'admin';
const USERS = '/ip/hotspot/user';

function user(name) {
  return [`=name=${name}`, `=password=${name}`, '=profile=default', '=comment=side by side'];
}

async function add(client, name) {
  return (await client.write(`${USERS}/add`, user(name)))[0].ret;
}

async function addOneByOne(client, names) {
  const ids = new Set();
  for (const name of names) ids.add(await add(client, name));
  return ids.size;
}

async function addAtOnce(client, names) {
  const underWay = Array.from(names, (name) => add(client, name));
  return new Set(await Promise.all(underWay)).size;
}

function* named(prefix, count) {
  for (let number = 0; number < count; number += 1) yield `${prefix}${number}`;
}

async function connectAndAsk(connect, count) {
  let rows = 0;
  for (let round = 0; round < count; round += 1) {
    const client = await connect();
    rows += (await client.write('/system/identity/print')).length;
    await client.close();
  }
  return rows;
}

async function measured(act, wanted) {
  const wall = process.hrtime.bigint();
  const before = process.cpuUsage();
  const done = await act();
  const used = process.cpuUsage(before);
  const took = process.hrtime.bigint() - wall;
  if (done !== wanted) throw new Error(`${done} instead of ${wanted}`);
  console.log(`${took} ${(used.user + used.system) * 1000} ${peakKib()}`);
}

function peakKib() {
  return fs.readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)[1];
}

async function main([, work, address, many, prefix]) {
  const count = Number(many);
  const [host, port] = address.split(':');
  const password = process.env.MKBILL_SIM_PASSWORD;
  const connect = () => new RouterOSAPI({ host, port: Number(port), user: USER, password, timeout: 60 }).connect();
  const client = await connect();
  const works = {
    connect: () => connectAndAsk(connect, count),
    list: async () => (await client.write(`${USERS}/print`)).length,
    adds: () => addOneByOne(client, named(prefix, count)),
    'adds-at-once': () => addAtOnce(client, named(prefix, count)),
  };
  await measured(works[work], count);
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
