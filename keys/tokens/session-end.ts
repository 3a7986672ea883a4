import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { KeysError } from "../keys-error.ts";

/** Why an actor may act no more. */
export interface SessionEnd {
  readonly code: "session_revoked" | "device_revoked";
  readonly message: string;
}

const STANDING = `
  select s.revoked_at_ms is null as open, d.revoked_at_ms is not null as removed
  from sessions s left join devices d on d.id = $2 where s.id = $1`;

/**
 * Whether the session or the device that an actor was let in with is over by now. A request is let in
 * before its body is there, which may take its time: an act asks again, in its own transaction. One
 * that waits for a lock asks once it has it.
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
