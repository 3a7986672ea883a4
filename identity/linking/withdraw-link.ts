import type { Uuid } from "../../crypto/wire/uuid.ts";
import { audited, type UseCase } from "../audited.ts";
import type { Authenticated } from "../tokens/authenticate.ts";
import { linkAct, lockLinkRequest } from "./link-request.ts";

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
