import { appendRepeatable } from "../../audit/append-repeatable.ts";
import { classified } from "../../audit/append-entry.ts";
import type { DeviceId, SessionId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { isStaff, type Role } from "../../policies/actor.ts";
import { staffRoles } from "../../policies/roles.ts";
import { anomaliesOf, type AnomalyFacts } from "../../policies/anomalies.ts";
import { MOST_ACCOUNTS, MOST_SIGN_INS } from "../../policies/sign-in-facts.ts";

const HOUR_MS = 3_600_000;

// Each count includes the sign-in that is under way, which has no row yet. Staff that share an office do not make
// its customers unusual, and anybody can make anonymous accounts.
const SIGNALS = `
  select
    (select 1 + count(*)::integer from (select from sessions
       where user_id = $1 and created_at_ms > $2 limit $4) as recent) as "signInVelocity",
    (select 1 + count(*)::integer from (select distinct s.user_id from sessions s join users o on o.id = s.user_id
       where s.network = $3 and s.user_id <> $1 and s.method <> 'anonymous' and (o.role = any($7::text[])) = $8
       order by s.user_id limit $5) as others) as "accountsOnNetwork",
    exists (select from devices where user_id = $1 and revoked_at_ms is null)
      and not exists (select from devices where user_id = $1 and device_key = $6) as "hasOnlyOtherDevices"`;

/** Reads what may be unusual about a sign-in. Counts stop at `MOST_SIGN_INS` and `MOST_ACCOUNTS`. */
export async function readSignals(
  client: Client,
  signIn: {
    readonly user: UserId;
    readonly role: Role;
    /** The pseudonym of the network: see `NetworkPseudonyms`. */
    readonly network: string;
    /** Ed25519, 32 bytes. */
    readonly deviceKey: Uint8Array;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
  },
): Promise<AnomalyFacts> {
  const { user, role, network, deviceKey, nowMs } = signIn;
  const { rows } = await client.query<AnomalyFacts>(SIGNALS, [
    user,
    nowMs - HOUR_MS,
    network,
    MOST_SIGN_INS - 1,
    MOST_ACCOUNTS - 1,
    deviceKey,
    staffRoles,
    isStaff(role),
  ]);
  const [row] = rows;
  if (row === undefined) throw new Error("a query without a table returned no row");
  return row;
}

/** Writes an entry if something is unusual about a sign-in. It refuses nothing. */
export async function recordAnomalies(
  client: Client,
  signIn: {
    readonly tenant: TenantId;
    readonly user: UserId;
    readonly role: Role;
    readonly device: DeviceId | undefined;
    readonly session: SessionId;
    readonly method: string;
    readonly requestId: string | undefined;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
  },
  facts: AnomalyFacts,
): Promise<void> {
  const signals = anomaliesOf(facts);
  if (signals.length === 0) return;
  const { tenant, user: id, role, device, session, method, requestId, nowMs } = signIn;
  const { signInVelocity: signIns, accountsOnNetwork: accounts } = facts;
  const entry = classified({
    occurredAtMs: nowMs,
    actor: { kind: "user" as const, id, role, device },
    action: "session.anomaly" as const,
    resource: { type: "session" as const, id: session },
    outcome: "success" as const,
    requestId,
    session,
    method,
    details: { signals: [...signals], signIns, accounts },
  });
  await appendRepeatable(client, tenant, [entry]);
}
