import type { ActionOn } from "../../audit/actions.ts";
import type { Client } from "../../db/pool.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import { decideLinking, type LinkAction } from "../../policies/linking.ts";
import { IdentityError } from "../identity-error.ts";
import type { Authenticated } from "../tokens/authenticate.ts";

/** The lifetime of a request that was not answered, or whose answer was not fetched. */
export const LINK_LIFETIME_MS = 10 * 60_000;
/**
 * The number of requests that an account may have at a time. By default one network cannot open as
 * many sessions of an account within `LINK_LIFETIME_MS`, so it cannot displace the user's request.
 */
export const MAX_LINK_REQUESTS = 256;

export type LinkState = "pending" | "approved" | "refused" | "expired";

/** A request as stored in the database. */
export interface LinkRow {
  readonly id: Uuid;
  readonly user: UserId;
  readonly device: DeviceId;
  /** Ed25519, 32 bytes. It signs the asking device's proofs. */
  readonly deviceKey: Uint8Array;
  /** X25519, 32 bytes. */
  readonly ephemeralKey: Uint8Array;
  readonly state: Exclude<LinkState, "expired">;
  readonly sibling: DeviceId | null;
  readonly sealed: Uint8Array | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

const SELECT = `
  select id, user_id as user, device, device_key as "deviceKey", ephemeral_key as "ephemeralKey",
    state, sibling, sealed, created_at_ms as "createdAtMs", expires_at_ms as "expiresAtMs"
  from link_requests where id = $1`;

/**
 * Returns the request, locked until the transaction ends. An actor who may not do `action` gets the
 * same answer as for a request that does not exist. The audit log has the reason.
 * @throws IdentityError link_request_not_found
 */
export async function lockLinkRequest(
  client: Client,
  { actor, deviceKey }: Authenticated,
  action: LinkAction,
  id: Uuid,
): Promise<LinkRow> {
  const { rows } = await client.query<LinkRow>(`${SELECT} for update`, [id]);
  const [row] = rows;
  const decision =
    row &&
    decideLinking(actor, action, {
      // The transaction sees only rows of the actor's tenant.
      tenant: actor.tenant,
      user: row.user,
      byAsking: equalBytes(row.deviceKey, deviceKey),
    });
  if (row === undefined || decision?.allowed !== true)
    throw new IdentityError("link_request_not_found", "Your account has no such request.", {
      reasons: decision?.reasons ?? [],
    });
  return row;
}

/** The audit entry about a request. */
export const linkAct = <A extends ActionOn<"link_request">>(action: A, id: Uuid) => ({
  action,
  resource: { type: "link_request" as const, id },
});
