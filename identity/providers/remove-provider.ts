import type { IdentityProviderId, UserId } from "../../crypto/wire/ids.ts";
import { destroySubjectKeys, type DestroyDeps } from "../../keys/at-rest/destroy.ts";
import type { Administrator } from "../accounts/administrator.ts";
import { changeTenant } from "../accounts/change-tenant.ts";
import { endSessions } from "../tokens/end-sessions.ts";
import { noSuchProvider } from "./invalid-provider.ts";

/**
 * Removes a provider, and ends the sessions that were opened with it. Running servers close their sockets.
 * Its groups put nobody into a team any more. The key of the client secret is destroyed first, so that no backup of the
 * database opens it: if the removal fails afterwards, a repeat completes it.
 * The accounts stay. If a provider with the same issuer is added later, its people have them again.
 * @param deps.ownerUrl a login that may act as sealdesk_owner
 * @returns how many sessions were ended
 * @throws IdentityError tenant_not_found, identity_provider_not_found; those of `by.authorise`
 */
export async function removeProvider(
  deps: DestroyDeps & { readonly ownerUrl: string },
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
    readonly by?: Administrator | undefined;
  },
): Promise<number> {
  let sessions = 0;
  await changeTenant(
    deps.ownerUrl,
    { slug, action: "tenant.remove_identity_provider", nowMs, by },
    async (client, { id: tenant }, who) => {
      const { rows } = await client.query<{ id: IdentityProviderId; sealedUnder: UserId }>(
        `select id, sealed_under as "sealedUnder" from sealdesk.identity_providers
         where name = $1 for update`,
        [name],
      );
      const [provider] = rows;
      if (provider === undefined) throw noSuchProvider(name);
      await destroySubjectKeys(deps, tenant, provider.sealedUnder, who);
      const ended = await endSessions(client, "s.identity_provider = $2", [nowMs, provider.id]);
      sessions = ended.length;
      // Nobody is in a team by a group any more. The entry says so for all of them.
      const left = await client.query("delete from sealdesk.team_members where provider = $1", [
        provider.id,
      ]);
      await client.query("delete from sealdesk.identity_providers where id = $1", [provider.id]);
      return { provider: name, sessions, memberships: left.rowCount ?? 0 };
    },
  );
  return sessions;
}
