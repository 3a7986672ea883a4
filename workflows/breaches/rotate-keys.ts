import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { ensureKek } from "../../keys/at-rest/ensure-kek.ts";
import { kekOf } from "../../keys/at-rest/keystore-deps.ts";
import { rewrapSubjectKeys } from "../../keys/at-rest/rotate-kek.ts";
import type { Step } from "../cases/case-kind.ts";
import type { BreachDeps } from "./breach-deps.ts";
import { readBreachState, SERVER } from "./breach-rows.ts";
import { wakeFor } from "./remind.ts";

const entryOf = (tenant: TenantId, occurredAtMs: number) => ({
  occurredAtMs,
  tenant,
  actor: SERVER,
  resource: { type: "kek" as const, id: kekOf(tenant) },
  outcome: "success" as const,
});

/** Notes the version of the key-encryption key, so that a repeated step does not rotate the key twice. */
export const prepareRotation =
  ({ keystore }: BreachDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    await ensureKek(keystore, tenant);
    const version = await keystore.kms.latestVersion(kekOf(tenant));
    await client.query("update breaches set kek_version = $2 where case_id = $1", [
      found.id,
      version,
    ]);
    await appendEntry(client, { ...entryOf(tenant, nowMs), action: "keys.rotate_kek_begin" });
    return { to: "rotating_key" };
  };

/** Makes a new version of the key-encryption key. */
export const rotateKey =
  ({ keystore: { kms } }: BreachDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    const { rows } = await client.query<{ version: number }>(
      "select kek_version as version from breaches where case_id = $1",
      [found.id],
    );
    const kek = kekOf(tenant);
    const latest = await kms.latestVersion(kek);
    // The process may have died after the key service had made the version.
    const version = latest === rows[0]?.version ? await kms.rotate(kek) : latest;
    await appendEntry(client, {
      ...entryOf(tenant, nowMs),
      action: "keys.rotate_kek",
      details: { version },
    });
    return { to: "rewrapping" };
  };

/** Wraps every key of the tenant under the new version, and destroys the earlier versions. */
export const rewrap =
  ({ keystore, data }: BreachDeps): Step =>
  async ({ client, tenant, found, nowMs }) => {
    await rewrapSubjectKeys({ ...keystore, data }, tenant, { auditIn: client });
    await client.query("update breaches set rewrapped_at_ms = $2 where case_id = $1", [
      found.id,
      nowMs,
    ]);
    const { clocks } = await readBreachState(client, found.id, nowMs);
    return { to: "open", ...wakeFor(clocks, nowMs) };
  };
