import type { OperatorActor } from "../../audit/operator.ts";
import type { IdentityProviderId } from "../../crypto/wire/ids.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { endSessions } from "../tokens/end-sessions.ts";
import { noSuchProvider } from "./invalid-provider.ts";

/**
 * Removes a provider, and ends the sessions that were opened with it. Running servers close their sockets.
 * The accounts stay. If a provider with the same issuer is added later, its people have them again.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns how many sessions were ended
 * @throws IdentityError tenant_not_found, invalid_identity_provider
 */
export async function removeProvider(
  ownerUrl: string,
  {
    slug,
    name,
    nowMs,
    by,
  }: {
    /** The tenant's short name. */
    readonly slug: string;
    readonly name: string;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: OperatorActor | undefined;
  },
): Promise<number> {
  let sessions = 0;
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.remove_identity_provider", nowMs, by },
    async (client) => {
      const { rows } = await client.query<{ id: IdentityProviderId }>(
        "select id from sealdesk.identity_providers where name = $1 for update",
        [name],
      );
      const [provider] = rows;
      if (provider === undefined) throw noSuchProvider(name);
      const ended = await endSessions(client, "s.identity_provider = $2", [nowMs, provider.id]);
      sessions = ended.length;
      await client.query("delete from sealdesk.identity_providers where id = $1", [provider.id]);
      return { provider: name, sessions };
    },
  );
  return sessions;
}
