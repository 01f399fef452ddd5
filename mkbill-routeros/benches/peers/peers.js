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
  return new Set(await Promise.all(names.map((name) => add(client, name)))).size;
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

async function main([, work, address, count, prefix]) {
  const [host, port] = address.split(':');
  const password = process.env.MKBILL_SIM_PASSWORD;
  const connect = () => new RouterOSAPI({ host, port: Number(port), user: USER, password, timeout: 60 }).connect();
  const names = Array.from({ length: Number(count) }, (_, number) => `${prefix}${number}`);
  const client = await connect();
  const works = {
    connect: () => connectAndAsk(connect, names.length),
    list: async () => (await client.write(`${USERS}/print`)).length,
    adds: () => addOneByOne(client, names),
    'adds-at-once': () => addAtOnce(client, names),
  };
  await measured(works[work], names.length);
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
