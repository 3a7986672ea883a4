import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TestServer } from "./server.ts";
import { until } from "./until.ts";

/** Resolves when so many requests wait for the lock of an account. */
export async function waitingForAccounts({ database }: TestServer, count: number): Promise<void> {
  const asked = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
      and query ~ 'for (no key update|share of u)'`;
  await until(async () => (await database.owner.query<{ n: number }>(asked)).rows[0]!.n >= count);
}

/**
 * Changes accounts while a request waits for their locks, so that the request was let in before the change.
 * @param send a request that answers at once, or waits for the lock
 * @param change what is committed before the request goes on
 */
export async function changedMeanwhile<T>(
  server: TestServer,
  users: readonly UserId[],
  send: () => Promise<T>,
  change: (client: Client) => Promise<unknown>,
): Promise<T> {
  const { answer } = await inTransaction(
    server.database.owner,
    server.tenant.id,
    async (client) => {
      await client.query(
        "select from sealdesk.users where id = any($1::uuid[]) for no key update",
        [users],
      );
      const sent = send();
      await Promise.race([sent, waitingForAccounts(server, 1)]);
      await change(client);
      return { answer: sent };
    },
  );
  return answer;
}
