import type { OperatorActor } from "../../audit/operator.ts";
import type { Kms } from "../kms/kms.ts";
import { auditForAll } from "./audit-for-all.ts";
import { changingServerKeysAsOwner, readServerKeys } from "./rows.ts";
import { SERVER_KEYS_KEK, serverKeyContext } from "./server-key.ts";

/**
 * Rotates the service's key that wraps the server's keys, and wraps them all again under the new
 * version. The keys themselves do not change.
 * @returns the new version; earlier versions wrap nothing of the server's any more
 */
export async function rewrapServerKeys(deps: {
  /** A login that may act as sealdesk_owner. The application may not do this. */
  readonly ownerUrl: string;
  readonly kms: Kms;
  readonly now: () => number;
  /** The person or program that requested it, for the audit log. */
  readonly by: string | OperatorActor;
}): Promise<number> {
  const { ownerUrl, kms, now, by } = deps;
  // The key service is not part of a transaction, so the request is recorded before it is made.
  await changingServerKeysAsOwner(ownerUrl, (client) =>
    auditForAll(client, {
      by,
      occurredAtMs: now(),
      action: "server_keys.rewrap_begin",
      resource: { type: "server_keys", id: "all" },
      outcome: "success",
    }),
  );
  return changingServerKeysAsOwner(ownerUrl, async (client) => {
    const latest = await kms.rotate(SERVER_KEYS_KEK);
    for (const { name, version, wrapped, wrappingVersion } of await readServerKeys(client)) {
      if (wrapped === null) continue;
      const old = { version: wrappingVersion, bytes: wrapped };
      const anew = await kms.rewrap(SERVER_KEYS_KEK, old, serverKeyContext(name, version));
      await client.query(
        `update server_keys set wrapped = $3, wrapping_version = $4
         where name = $1 and version = $2`,
        [name, version, anew.bytes, anew.version],
      );
    }
    await auditForAll(client, {
      by,
      occurredAtMs: now(),
      action: "server_keys.rewrap",
      resource: { type: "server_keys", id: "all", version: String(latest) },
      outcome: "success",
    });
    return latest;
  });
}
