import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { decideLinking } from "../../policies/linking.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Authenticated } from "../tokens/authenticate.ts";
import { linkAct, LINK_LIFETIME_MS, MAX_LINK_REQUESTS, lockLinkRequest } from "./link-request.ts";

export interface NewLinkRequest {
  /** Chosen by the device. It is part of the code that the device shows. */
  readonly id: Uuid;
  /** The id under which the device will register. */
  readonly device: DeviceId;
  /** X25519, 32 bytes. The answer is sealed to it. */
  readonly ephemeralKey: Uint8Array;
}

/**
 * Asks the account's registered devices for approval, for the device whose key signed this
 * request. It replaces an earlier request of the same device. A repeat is no error. If the account
 * has too many requests, the oldest that waits for an answer is removed. A person with only the
 * password must not be able to keep the user's own request out.
 * @throws IdentityError forbidden: the device is registered; link_not_needed: the account has no key
 *   yet; link_request_exists
 */
export async function requestLink(
  deps: UseCase,
  { actor, deviceKey }: Authenticated,
  request: NewLinkRequest,
): Promise<{ readonly expiresAtMs: number }> {
  const { tenant, user } = actor;
  const nowMs = deps.now();
  return audited(deps, actor, linkAct("link.request", request.id), async (client, note) => {
    note({ details: { device: request.device } });
    assertAllowed(decideLinking(actor, "request", { tenant, user, byAsking: true }));
    await assertAccountKey(client, user);
    const earlier = await client.query<{ expiresAtMs: number }>(
      `select expires_at_ms as "expiresAtMs" from link_requests
       where id = $1 and user_id = $2 and device = $3 and device_key = $4 and ephemeral_key = $5
         and state = 'pending' and expires_at_ms > $6`,
      [request.id, user, request.device, deviceKey, request.ephemeralKey, nowMs],
    );
    if (earlier.rows[0] !== undefined) return earlier.rows[0];
    await client.query("delete from link_requests where user_id = $1 and device_key = $2", [
      user,
      deviceKey,
    ]);
    const displaced = await makeRoom(client, user);
    if (displaced.length > 0) note({ details: { device: request.device, displaced } });
    const expiresAtMs = nowMs + LINK_LIFETIME_MS;
    const { rowCount } = await client.query(
      `insert into link_requests
         (id, tenant, user_id, device, device_key, ephemeral_key, created_at_ms, expires_at_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [
        request.id,
        tenant,
        user,
        request.device,
        deviceKey,
        request.ephemeralKey,
        nowMs,
        expiresAtMs,
      ],
    );
    if (rowCount === 0)
      throw new IdentityError(
        "link_request_exists",
        "Another request has this id. Choose another id.",
      );
    return { expiresAtMs };
  });
}

/** Locks the account, so that its requests are counted one at a time. */
async function assertAccountKey(client: Client, user: UserId): Promise<void> {
  const { rows } = await client.query<{ account_key: Uint8Array | null }>(
    "select account_key from users where id = $1 for no key update",
    [user],
  );
  if ((rows[0]?.account_key ?? undefined) === undefined)
    throw new IdentityError("link_not_needed", "The account has no device yet. Register this one.");
}

/**
 * Leaves at most `MAX_LINK_REQUESTS - 1` requests. Approved ones are kept rather than waiting ones.
 * @returns the removed ones
 */
async function makeRoom(client: Client, user: UserId): Promise<readonly Uuid[]> {
  const { rows } = await client.query<{ id: Uuid }>(
    `delete from link_requests where id in (
       select id from link_requests where user_id = $1
       order by state = 'approved' desc, created_at_ms desc, id desc offset $2)
     returning id`,
    [user, MAX_LINK_REQUESTS - 1],
  );
  return rows.map(({ id }) => id);
}

/**
 * Deletes a request for the device that made it: the device gave up, or has the answer.
 * @throws IdentityError link_request_not_found
 */
export async function withdrawLink(deps: UseCase, who: Authenticated, id: Uuid): Promise<void> {
  await audited(deps, who.actor, linkAct("link.withdraw", id), async (client, note) => {
    const { state, device } = await lockLinkRequest(client, who, "withdraw", id);
    note({ details: { device, state } });
    await client.query("delete from link_requests where id = $1", [id]);
  });
}
