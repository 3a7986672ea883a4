import type { TenantId } from "../../crypto/wire/ids.ts";
import { batchRead } from "../../db/batch-read.ts";
import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { defaultDemands } from "../../policies/versions/demands.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { Policies } from "../policy/policies.ts";

/** Time between two checks. With the time of one query, it bounds how long reading goes on too long. */
const CHECK_MS = 1_000;

const ROLE = `
  select u.role, sealdesk.policy_version() as version from sessions s
  join users u on u.id = s.user_id
  join tenants t on t.id = s.tenant
  left join devices d on d.id = $2
  where s.id = $1 and s.revoked_at_ms is null and s.expires_at_ms > $3
    and t.suspended_at_ms is null and d.revoked_at_ms is null`;

/** Tells when an actor may no longer read the audit log. */
export interface ReadingWatch {
  /** Aborted when the actor's right has ended. */
  readonly ended: AbortSignal;
  /** Stops the checks. */
  close(): Promise<void>;
}

/**
 * Checks every second whether `actor` may still read the audit log of its tenant: the session is
 * open, the device is registered, the role allows it and the tenant is not suspended. A check that
 * fails is repeated; without a database there is nothing to read either.
 */
export function watchReading({ pool, now }: UseCase, actor: Actor): ReadingWatch {
  const ended = new AbortController();
  const policies = new Policies();
  const readable = (client: Client, tenant: TenantId, version: number) =>
    policies.of(client, tenant, version).catch((error: unknown) => {
      // A version that nobody can read allows nothing. A failure of the database is no such version.
      if (error instanceof IdentityError) return { version, rules: [], demands: defaultDemands };
      throw error;
    });
  const check = async () => {
    const { tenant, session, device = null } = actor;
    const reader = await batchRead(pool, tenant, async (client) => {
      const values = [session, device, now()];
      const { rows } = await client.query<{ role: Role; version: number }>(ROLE, values);
      const [row] = rows;
      if (row === undefined) return undefined;
      return { ...actor, role: row.role, policy: await readable(client, tenant, row.version) };
    });
    if (reader === undefined || !decideAuditReading(reader, tenant).allowed) ended.abort();
  };
  const close = runPeriodically(check, CHECK_MS, () => undefined);
  return { ended: ended.signal, close };
}
