import { randomBytes } from "node:crypto";
import type { Pool } from "../../db/pool.ts";
import { KeysError } from "../keys-error.ts";
import type { Kms } from "../kms/kms.ts";
import { SESSION_LIFETIME_MS } from "../tokens/open-session.ts";
import { auditForAll } from "./audit-for-all.ts";
import { addVersion } from "./found-server-keys.ts";
import { unwrapServerKey } from "./live-keys.ts";
import { changingServerKeys, readServerKeys } from "./rows.ts";
import type { ServerKeyName } from "./server-key.ts";

/**
 * How long a retired key still checks what it made, in milliseconds; undefined: without end. A
 * session may be renewed with its last token for as long as it lives; tags and indexes stay as long
 * as the data they are of.
 */
const OVERLAP_MS: Readonly<Record<ServerKeyName, number | undefined>> = {
  tokens: SESSION_LIFETIME_MS,
  franking: undefined,
  "blind-index": undefined,
};

export interface Rotation {
  readonly name: ServerKeyName;
  /** Who asked for it, for the audit log. */
  readonly by: string;
  /** True when the key has leaked: what it made is refused from now on. Of `tokens` only. */
  readonly atOnce?: boolean;
}

/**
 * Makes a new version of one key, and retires the one before. Nodes use it within seconds; what
 * the retired one made is believed meanwhile, and after.
 * @returns the new version. @throws KeysError keyring_foreign, kms_refused, and the service's own
 */
export async function rotateServerKey(
  { pool, kms, now }: { readonly pool: Pool; readonly kms: Kms; readonly now: () => number },
  { name, by, atOnce = false }: Rotation,
): Promise<number> {
  if (atOnce && name !== "tokens")
    throw new KeysError("kms_refused", `What the key ${name} made must stay checkable.`);
  return changingServerKeys(pool, async (client) => {
    const active = (await readServerKeys(client)).find(
      (row) => row.name === name && row.retiredAtMs === null,
    );
    if (active === undefined)
      throw new KeysError("kms_key_not_found", "The server has not made its keys; start it first.");
    // A key must not be replaced from beside another keyring.
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
      class: "U",
      resource: { type: "server_key", id: name, version: String(version) },
      outcome: "success",
      details: { atOnce },
    });
    return version;
  });
}
