import { configureSession } from "../../db/configure-session.ts";
import type { Client } from "../../db/pool.ts";
import { createSession } from "../../db/session.ts";
import { verifyAgainstOutside, type Outside, type Verified } from "./verify-against-outside.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { CommittedTree } from "./integrate-batch.ts";
import { assertUnsignedHead } from "./assert-extends.ts";
import { assertOrigins } from "./origins.ts";
import { unsignedTrees } from "./sign-trees.ts";

/** Any number works, if every node uses the same one. */
const LOCK_KEY = 7_325_372_011;

/**
 * Runs `work` in a session of the integrator's role.
 * @param url a login that is a member of sealdesk_app
 */
export async function withIntegratorSession<T>(
  url: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createSession(url, { name: "sealdesk-audit", keepAlive: true });
  try {
    await client.connect();
    await configureSession(client, { role: "sealdesk_integrator", search_path: "pg_catalog" });
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Takes the writer's lock. It belongs to the session and ends with it. */
export async function tryLead(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ leads: boolean }>(
    "select pg_try_advisory_lock($1) as leads",
    [LOCK_KEY],
  );
  return rows[0]?.leads === true;
}

/** The state of the logs that a new leader starts from. */
export interface Resumed extends Verified {
  /** The heads that a crash left without a signature. */
  readonly unsigned: readonly CommittedTree[];
  /** The names of the logs. */
  readonly origins: ReadonlyMap<LogId, string>;
}

/**
 * Compares the logs with the published checkpoints. This is the first step of a new leader.
 * @throws AuditError audit_log_behind, audit_log_inconsistent, audit_checkpoint_invalid
 */
export async function resumeLeadership(client: Client, outside: Outside): Promise<Resumed> {
  // The names are read first. A log that is renamed after that does not pass under either name.
  const { rows } = await client.query<{ id: LogId; origin: string }>(
    "select id, origin from audit.logs",
  );
  const origins = new Map(rows.map(({ id, origin }) => [id, origin]));
  const { restores, heads } = await verifyAgainstOutside(client, outside);
  const unsigned = await unsignedTrees(client);
  assertOrigins(unsigned, origins);
  for (const tree of unsigned) await assertUnsignedHead(client, tree);
  return { unsigned, origins, restores, heads };
}
