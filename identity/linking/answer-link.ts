import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { audited, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Authenticated } from "../tokens/authenticate.ts";
import { linkAct, lockLinkRequest, type LinkRow } from "./link-request.ts";

/**
 * Stores the account's secrets that a registered device sealed for the asking device. Only one
 * answer is accepted. A repeat is no error.
 * @throws IdentityError link_request_not_found, link_request_expired, link_request_closed
 */
export async function approveLink(
  deps: UseCase,
  who: Authenticated,
  { id, sealed }: { readonly id: Uuid; readonly sealed: Uint8Array },
): Promise<void> {
  await audited(deps, who.actor, linkAct("link.approve", id), async (client, note) => {
    const row = await lockLinkRequest(client, who, "approve", id);
    note({ details: { device: row.device } });
    const again = row.sibling === who.actor.device && row.sealed !== null;
    if (again && equalBytes(row.sealed, sealed)) return;
    assertPending(row, deps.now());
    await client.query(
      "update link_requests set state = 'approved', sibling = $2, sealed = $3 where id = $1",
      [id, who.actor.device, sealed],
    );
  });
}

/**
 * Refuses the asking device.
 * @throws IdentityError link_request_not_found, link_request_expired, link_request_closed
 */
export async function refuseLink(deps: UseCase, who: Authenticated, id: Uuid): Promise<void> {
  await audited(deps, who.actor, linkAct("link.refuse", id), async (client, note) => {
    const row = await lockLinkRequest(client, who, "refuse", id);
    note({ details: { device: row.device } });
    assertPending(row, deps.now());
    await client.query("update link_requests set state = 'refused', sibling = $2 where id = $1", [
      id,
      who.actor.device,
    ]);
  });
}

function assertPending({ state, expiresAtMs }: LinkRow, nowMs: number): void {
  if (expiresAtMs <= nowMs)
    throw new IdentityError("link_request_expired", "The request has expired. Ask again.");
  if (state !== "pending")
    throw new IdentityError("link_request_closed", "The request is already answered.");
}
