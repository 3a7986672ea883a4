import type { DeviceId, SessionId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideOwn } from "../../policies/credentials.ts";
import { assertAllowed, audited, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { devicesByKey } from "./devices-by-key.ts";
import type { Disconnect } from "./disconnect.ts";

/** An open session of the actor's account. Times are milliseconds since the Unix epoch. */
export interface OwnSession {
  readonly id: SessionId;
  /** The way in which it was opened. */
  readonly method: string;
  /** The registered device that it is bound to; null if the device is not registered. */
  readonly device: DeviceId | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** When the second factor was last proved in it; null if it was not. */
  readonly factorAtMs: number | null;
  readonly isCurrent: boolean;
}

/**
 * Lists the open sessions of the actor's own account, the newest first.
 * @throws IdentityError forbidden
 */
export async function listSessions(
  { pool, now }: UseCase,
  actor: Actor,
): Promise<readonly OwnSession[]> {
  const { tenant, user, session: current } = actor;
  assertAllowed(decideOwn(actor, "list_sessions", { tenant, user }));
  return inTransaction(pool, tenant, async (client) => {
    const devices = await devicesByKey(client, user);
    const { rows } = await client.query<
      Omit<OwnSession, "device" | "isCurrent"> & { readonly thumbprint: string }
    >(
      `select id, method, created_at_ms as "createdAtMs", expires_at_ms as "expiresAtMs",
         factor_at_ms as "factorAtMs", device_key_thumbprint as thumbprint
       from sessions where user_id = $1 and revoked_at_ms is null and expires_at_ms > $2
       order by created_at_ms desc, id`,
      [user, now()],
    );
    return rows.map(({ thumbprint, ...row }) => ({
      ...row,
      device: devices.get(thumbprint) ?? null,
      isCurrent: row.id === current,
    }));
  });
}

/**
 * Ends a session of the actor's own account: its tokens are no longer accepted, and its connection is closed.
 * @throws IdentityError session_not_found, also for a session of another account
 */
export async function endOwnSession(
  deps: UseCase & { readonly disconnect: Disconnect },
  actor: Actor,
  session: SessionId,
): Promise<void> {
  const { tenant, user } = actor;
  const act = { action: "session.revoke", resource: { type: "session", id: session } } as const;
  const device = await audited(deps, actor, act, async (client, note) => {
    const decision = decideOwn(actor, "end_session", { tenant, user });
    note({ decision });
    assertAllowed(decision);
    const { rows } = await client.query<{ thumbprint: string }>(
      `update sessions set revoked_at_ms = $3
       where id = $1 and user_id = $2 and revoked_at_ms is null and expires_at_ms > $3
       returning device_key_thumbprint as thumbprint`,
      [session, user, deps.now()],
    );
    const [ended] = rows;
    if (ended === undefined)
      throw new IdentityError("session_not_found", "Your account has no open session of that id.");
    return (await devicesByKey(client, user)).get(ended.thumbprint);
  });
  if (device !== undefined) deps.disconnect({ tenant, device, session });
}
