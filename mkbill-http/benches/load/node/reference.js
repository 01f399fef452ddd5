// What a lean server in Node.js does with the same page: a token is checked, a prepared statement
// runs, rows become JSON. Argument: the port. Environment: where PostgreSQL is, the statement, and the
// key of the tokens.
'use strict'
const { createHmac, timingSafeEqual } = require('node:crypto')
const { readFileSync } = require('node:fs')
const fastify = require('fastify')({ logger: false })
const { Pool, types } = require('pg')

types.setTypeParser(types.builtins.INT8, Number)

const BEGINNING = '00000000-0000-0000-0000-000000000000'
const LIMIT = 10
const KEY = process.env.MKBILL_BENCH_SECRET
const STATEMENT = readFileSync(process.env.MKBILL_BENCH_STATEMENT, 'utf8')
const pool = new Pool({
  host: process.env.MKBILL_BENCH_SOCKET,
  port: 5432,
  user: 'mkbill',
  database: 'postgres',
  max: 16,
})

function isGood(header) {
  const [payload, signature] = (header ?? '').replace(/^Bearer /, '').split('.')
  if (!signature) return false
  const wanted = createHmac('sha256', KEY).update(payload).digest()
  const given = Buffer.from(signature, 'base64url')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const money = (minor, currency) => ({ minor, currency })

const voucher = (row) => ({
  id: row.id,
  batch_id: row.batch_id,
  number: row.number,
  router_id: row.router_id,
  vendor_id: row.vendor_id,
  code: row.code,
  password: row.password,
  state: row.state,
  cost: money(row.price_cost_minor, row.currency),
  sell: money(row.price_sell_minor, row.currency),
  uptime_quota_seconds: row.uptime_quota_seconds,
  data_quota_bytes: row.data_quota_bytes,
  validity_seconds: row.validity_seconds,
  sell_by: row.sell_by,
  first_login: row.first_login_at && {
    at: row.first_login_at,
    earliest: row.first_login_earliest,
    latest: row.first_login_latest,
    evidence: row.first_login_evidence,
  },
  expires_at: row.expires_at,
  mac: row.mac,
  address: row.address,
  ended_at: row.ended_at,
  ended_by: row.end_cause,
})

fastify.addHook('onRequest', async (request, reply) => {
  if (!isGood(request.headers.authorization)) return reply.code(401).send({ code: 'unauthenticated' })
})

fastify.get('/api/v1/vouchers', async (request) => {
  const values = [request.query.cursor ?? BEGINNING]
  const { rows } = await pool.query({ name: 'page', text: STATEMENT, values })
  const next = rows.length > LIMIT ? rows[LIMIT - 1].id : null
  return { items: rows.slice(0, LIMIT).map(voucher), next_cursor: next }
})

fastify.listen({ host: '127.0.0.1', port: Number(process.argv[2]) }).then(() => console.log('listening'))
