import type { DeviceId, SessionId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { thumbprintOf } from "../../keys/ed25519.ts";
import type { Disconnect } from "./disconnect.ts";

/** A session that was ended, and its device if that is registered. */
export interface EndedSession {
  readonly id: SessionId;
  readonly user: UserId;
  readonly device: DeviceId | undefined;
  /** Whether its person did nothing for too long. */
  readonly wasIdle: boolean;
}

interface SessionRow {
  readonly id: SessionId;
  readonly user: UserId;
  readonly thumbprint: string;
}

/**
 * Ends the open sessions that `condition` selects. The transaction must be fenced to the tenant. Call
 * `disconnectEnded` after it is committed.
 * @param condition of SQL on the session `s`; `$1` is the time
 * @param values those of the condition, the time first: milliseconds since the Unix epoch
 * @param why.wasIdle the person did nothing for too long, and is told so
 */
export async function endSessions(
  client: Client,
  condition: string,
  values: readonly unknown[],
  { wasIdle = false }: { readonly wasIdle?: boolean } = {},
): Promise<readonly EndedSession[]> {
  const { rows } = await client.query<SessionRow>(
    `update sessions s set revoked_at_ms = $1, was_idle = ${wasIdle}
     where s.revoked_at_ms is null and s.expires_at_ms > $1 and ${condition}
     returning s.id, s.user_id as user, s.device_key_thumbprint as thumbprint`,
    [...values],
  );
  return withDevices(client, rows, wasIdle);
}

/** Returns the sessions that were ended at a time, for whoever closes their connections later. */
export async function sessionsEndedAt(
  client: Client,
  endedAtMs: number,
): Promise<readonly EndedSession[]> {
  const { rows } = await client.query<SessionRow>(
    `select id, user_id as user, device_key_thumbprint as thumbprint from sessions where revoked_at_ms = $1`,
    [endedAtMs],
  );
  return withDevices(client, rows, false);
}

async function withDevices(
  client: Client,
  rows: readonly SessionRow[],
  wasIdle: boolean,
): Promise<readonly EndedSession[]> {
  const devices = await client.query<{ id: DeviceId; user: UserId; deviceKey: Uint8Array }>(
    `select id, user_id as user, device_key as "deviceKey" from devices
     where user_id = any($1::uuid[]) and revoked_at_ms is null`,
    [rows.map(({ user }) => user)],
  );
  return rows.map(({ id, user, thumbprint }) => ({
    id,
    user,
    wasIdle,
    device: devices.rows.find(
      (each) => each.user === user && thumbprintOf(each.deviceKey) === thumbprint,
    )?.id,
  }));
}

/**
 * Ends the open sessions of an account, as `endSessions` does.
 * @param except the session that goes on, if any
 */
export const endSessionsOf = (
  client: Client,
  user: UserId,
  nowMs: number,
  except?: SessionId,
): Promise<readonly EndedSession[]> =>
  endSessions(client, "s.user_id = $2 and s.id is distinct from $3", [nowMs, user, except ?? null]);

/** Closes the connections of ended sessions, on all nodes. */
export function disconnectEnded(
  disconnect: Disconnect,
  tenant: TenantId,
  ended: readonly EndedSession[],
): void {
  for (const { id: session, device, wasIdle } of ended)
    if (device !== undefined) disconnect({ tenant, device, session, wasIdle });
}
