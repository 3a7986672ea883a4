import { inTransaction } from "../../db/transaction.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { auditRefusals, type UseCase } from "../audited.ts";
import type { Authenticated } from "../tokens/authenticate.ts";
import { linkAct, lockLinkRequest, type LinkState } from "./link-request.ts";

export interface LinkView {
  readonly id: Uuid;
  /** The asking device: its id, device key (Ed25519) and ephemeral key (X25519). */
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly ephemeralKey: Uint8Array;
  readonly state: LinkState;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** The device that approved or refused, or null before an answer. */
  readonly sibling: DeviceId | null;
  /** The sealed answer, only for the asking device. Null before approval. */
  readonly sealed: Uint8Array | null;
}

/**
 * Reads a request, for the device that made it and for registered devices of the same account.
 * @throws IdentityError link_request_not_found
 */
export function readLink(deps: UseCase, who: Authenticated, id: Uuid): Promise<LinkView> {
  return auditRefusals(deps, who.actor, linkAct("link.read", id), () =>
    inTransaction(deps.pool, who.actor.tenant, async (client) => {
      const { user: _user, ...row } = await lockLinkRequest(client, who, "read", id);
      const expired = row.expiresAtMs <= deps.now();
      const isAsking = Buffer.compare(row.deviceKey, who.deviceKey) === 0;
      return {
        ...row,
        state: expired ? "expired" : row.state,
        sealed: isAsking && !expired ? row.sealed : null,
      };
    }),
  );
}
