import { randomBytes } from "node:crypto";
import { KeysError } from "../keys-error.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import type { Kms } from "../kms/kms.ts";
import { SESSION_LIFETIME_MS } from "../../policies/session-lifetime.ts";
import { auditForAll } from "./audit-for-all.ts";
import { addVersion } from "./create-server-keys.ts";
import { unwrapServerKey } from "./live-keys.ts";
import { changingServerKeysAsOwner, readServerKeys } from "./rows.ts";
import type { ServerKeyName } from "./server-key.ts";

/**
 * The time for which a retired key still verifies what it made, in milliseconds. Undefined means
 * without limit. A session can be renewed with its last token during its whole life. Tags and
 * indexes last as long as their data.
 */
const OVERLAP_MS: Readonly<Record<ServerKeyName, number | undefined>> = {
  tokens: SESSION_LIFETIME_MS,
  franking: undefined,
  "blind-index": undefined,
};

export interface Rotation {
  readonly name: ServerKeyName;
  /** The person or program that requested it, for the audit log. */
  readonly by: string | OperatorActor;
  /** True if the key has leaked: tokens that it made are refused from now on. Only for `tokens`. */
  readonly atOnce?: boolean;
}

/**
 * Creates a new version of a key and retires the previous one. Nodes use it within seconds. The
 * retired key still verifies what it made for the time in `OVERLAP_MS`, unless `atOnce` is set.
 * @param deps.ownerUrl a login that may act as sealdesk_owner. The application may not do this.
 * @returns the new version
 * @throws KeysError keyring_foreign, kms_refused, and the service's own
 */
export async function rotateServerKey(
  {
    ownerUrl,
    kms,
    now,
  }: { readonly ownerUrl: string; readonly kms: Kms; readonly now: () => number },
  { name, by, atOnce = false }: Rotation,
): Promise<number> {
  if (atOnce && name !== "tokens")
    throw new KeysError("kms_refused", `What the key ${name} made must stay verifiable.`);
  return changingServerKeysAsOwner(ownerUrl, async (client) => {
    const active = (await readServerKeys(client)).find(
      (row) => row.name === name && row.retiredAtMs === null,
    );
    if (active === undefined)
      throw new KeysError(
        "kms_key_not_found",
        "The server has not created its keys yet. Start it first.",
      );
    // A node with another keyring must not replace a key.
    await unwrapServerKey(kms, active);
    const nowMs = now();
    const overlapMs = atOnce ? 0 : OVERLAP_MS[name];
    await client.query(
      `update server_keys set retired_at_ms = $3, serves_until_ms = $4
       where name = $1 and version = $2`,
      [name, active.version, nowMs, overlapMs === undefined ? null : nowMs + overlapMs],
    );
    const version = active.version + 1;
    await addVersion(client, kms, { name, version, secret: randomBytes(32), nowMs });
    await auditForAll(client, {
      by,
      occurredAtMs: nowMs,
      action: "server_key.rotate",
      resource: { type: "server_key", id: name, version: String(version) },
      outcome: "success",
      details: { atOnce },
    });
    return version;
  });
}
