import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { KeysError } from "../keys-error.ts";

/** Why an actor may no longer act. */
export interface SessionEnd {
  readonly code: "session_revoked" | "device_revoked";
  readonly message: string;
}

const STANDING = `
  select s.revoked_at_ms is null as open, d.revoked_at_ms is not null as removed
  from sessions s left join devices d on d.id = $2 where s.id = $1`;

/**
 * Returns why the actor's session or device has ended, or undefined if both are still valid. A
 * request is authenticated before its body arrives, which may take long. So check again in the
 * transaction that acts. If that transaction waits for a lock, check after it has the lock.
 */
export async function sessionEnd(
  client: Client,
  { session, device }: Pick<Actor, "session" | "device">,
): Promise<SessionEnd | undefined> {
  const { rows } = await client.query<{ open: boolean; removed: boolean }>(STANDING, [
    session,
    device ?? null,
  ]);
  const [row] = rows;
  if (row?.open !== true)
    return { code: "session_revoked", message: "This session is over; sign in again." };
  if (row.removed)
    return { code: "device_revoked", message: "This device was removed from its account." };
  return undefined;
}

/** @throws KeysError session_revoked, device_revoked */
export async function assertSession(
  client: Client,
  actor: Pick<Actor, "session" | "device">,
): Promise<void> {
  const end = await sessionEnd(client, actor);
  if (end !== undefined) throw new KeysError(end.code, end.message);
}
