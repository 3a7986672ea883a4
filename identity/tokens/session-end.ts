import type { Client } from "../../db/pool.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { IdentityError } from "../identity-error.ts";

/** Why an actor may no longer act. */
export interface SessionEnd {
  /** "forbidden": the account's role is another one now. */
  readonly code: "session_revoked" | "device_revoked" | "forbidden" | "policy_changed";
  readonly message: string;
}

const STANDING = `
  select s.revoked_at_ms is null as open, d.revoked_at_ms is not null as removed, u.role,
    sealdesk.policy_version() as policy
  from sessions s join users u on u.id = s.user_id
  left join devices d on d.id = $2 where s.id = $1`;

interface StandingRow {
  readonly open: boolean;
  readonly removed: boolean;
  readonly role: Role;
  /** The version that is in force. */
  readonly policy: number;
}

/** What must be as it was when the request was authenticated. */
type StandingActor = Pick<Actor, "session" | "device" | "role" | "policy">;

/**
 * Returns why the actor may not act any more: the session or the device has ended, the account's role
 * has changed, or another version of the tenant's policy is in force. Undefined if all are as they were. A
 * request is authenticated before its body arrives, which may take long. So check again in the
 * transaction that acts. If that transaction waits for a lock, check after it has the lock.
 */
export async function sessionEnd(
  client: Client,
  { session, device, role, policy }: StandingActor,
): Promise<SessionEnd | undefined> {
  const { rows } = await client.query<StandingRow>(STANDING, [session, device ?? null]);
  const [row] = rows;
  if (row?.open !== true)
    return { code: "session_revoked", message: "This session is over; sign in again." };
  if (row.removed)
    return { code: "device_revoked", message: "This device was removed from its account." };
  if (row.role !== role)
    return { code: "forbidden", message: "Your role has changed. Send the request again." };
  if (row.policy !== policy.version)
    return {
      code: "policy_changed",
      message: "The policy of your organisation has changed. Send the request again.",
    };
  return undefined;
}

/** @throws IdentityError session_revoked, device_revoked, forbidden, policy_changed */
export async function assertSession(client: Client, actor: StandingActor): Promise<void> {
  const end = await sessionEnd(client, actor);
  if (end !== undefined) throw new IdentityError(end.code, end.message);
}
