// Types that were generated for TypeScript, and a client over them, sell vouchers, take money and read a
// statement. What is misnamed does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

declare const process: { argv: string[] };

type Tally = components["schemas"]["BatchView"]["tally"];

const [address, key, customer] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({
  baseUrl: `http://${address}`,
  headers: { authorization: `Bearer ${key}` },
});

function check(name: string, held: boolean, seen: unknown): void {
  console.log(held ? `ok ${name}` : `FAILED ${name}: ${JSON.stringify(seen)}`);
}

async function main(): Promise<void> {
  const batch = await client.POST("/api/v1/voucher-batches", {
    params: { header: { "Idempotency-Key": "from-typescript" } },
    body: { router: "rt-05", plan: "daily", count: 5 },
  });
  const tally: Tally | undefined =
    batch.data && "tally" in batch.data ? batch.data.tally : undefined;
  check("a batch is created", tally?.pending_push === 5, batch);

  const later = await client.POST("/api/v1/voucher-batches", {
    params: { header: { Prefer: "respond-async" } },
    body: { router: "rt-05", plan: "daily", count: 5 },
  });
  const state = later.data && "state" in later.data ? later.data.state : undefined;
  check("a batch is taken on", state === "waiting" && later.response.status === 202, later);

  const payment = await client.POST("/api/v1/payments", {
    body: { customer, amount: { minor: 60_000, currency: "IDR" }, method: "cash" },
  });
  check("money pays what is open", payment.data !== undefined, payment.error);

  const statement = await client.GET("/api/v1/customers/{customer}/statement", {
    params: { path: { customer } },
  });
  check("a statement is read", (statement.data?.lines.length ?? 0) >= 3, statement);

  const refused = await client.GET("/api/v1/vouchers/{voucher}", {
    params: { path: { voucher: "nothing" } },
  });
  check("a refusal is a problem with a code", refused.error?.code === "not_found", refused);
}

await main();
