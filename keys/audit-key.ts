import { toBase64Url } from "../crypto/wire/bytes.ts";
import type { AuditEntry } from "../audit/append-entry.ts";
import type { OperatorActor } from "../audit/operator.ts";
import { NO_TENANT, type LogKey } from "../audit/logs.ts";
import { asOwner } from "../db/as-owner.ts";
import { AUDIT_KEY, kmsAuditSigner } from "./audit-signer.ts";
import { KeysError } from "./keys-error.ts";
import type { Kms } from "./kms/kms.ts";
import { auditForAll } from "./server-keys/audit-for-all.ts";

interface AuditKeyDeps {
  /** A login that may act as sealdesk_owner. */
  readonly ownerUrl: string;
  readonly kms: Kms;
  readonly now: () => number;
  readonly by: OperatorActor;
}

const RECORDED = `
  select exists (
    select from audit.entries where tenant = $1
    and position(convert_to('"action":"audit_key.rotate"', 'UTF8') in entry) > 0
    and position(convert_to('"publicKey":"' || $2 || '"', 'UTF8') in entry) > 0
  ) as recorded`;

/**
 * Makes the key that will replace the audit key. Nodes that start from now on sign with both. If it was
 * interrupted before the new key was recorded, another call records the key.
 * @throws KeysError kms_refused, if the key is being replaced already; the service's own
 */
export async function rotateAuditKey(deps: AuditKeyDeps): Promise<void> {
  const { kms } = deps;
  const made = await kmsAuditSigner(kms);
  if (made.next !== undefined && (await isRecorded(deps, made.next)))
    throw new KeysError(
      "kms_refused",
      "The audit key is being replaced already. Run sealdesk audit key retire first.",
    );
  if (made.next === undefined) {
    await record(deps, "audit_key.rotate_begin", {});
    await kms.rotate(AUDIT_KEY);
  }
  const { next } = await kmsAuditSigner(kms);
  await record(deps, "audit_key.rotate", publicKeyOf(next));
}

/**
 * Destroys the former key, so that only the one that replaces it signs and counts. No node may run, and
 * both must have signed the newest head of each log.
 * @throws KeysError of the service
 */
export async function destroyFormerAuditKey(deps: AuditKeyDeps): Promise<void> {
  const { kms } = deps;
  const former = publicKeyOf(await kmsAuditSigner(kms));
  await record(deps, "audit_key.retire_begin", former);
  await kms.destroy(AUDIT_KEY, await kms.latestVersion(AUDIT_KEY));
  await record(deps, "audit_key.retire", former);
}

const publicKeyOf = (key: LogKey | undefined) => ({
  publicKey: key === undefined ? undefined : toBase64Url(key.publicKey),
});

/** Returns whether the operator's log says that this key was made. The tenants' logs then say it too. */
const isRecorded = ({ ownerUrl }: AuditKeyDeps, key: LogKey): Promise<boolean> =>
  asOwner(ownerUrl, NO_TENANT, async (client) => {
    const { publicKey } = publicKeyOf(key);
    const { rows } = await client.query<{ recorded: boolean }>(RECORDED, [NO_TENANT, publicKey]);
    return rows[0]?.recorded === true;
  });

type AuditKeyAction =
  "audit_key.rotate_begin" | "audit_key.rotate" | "audit_key.retire_begin" | "audit_key.retire";

/** Writes an entry in every tenant's log and in the operator's, because one key signs all of them. */
const record = (
  { ownerUrl, now, by }: AuditKeyDeps,
  action: AuditKeyAction,
  details: AuditEntry<AuditKeyAction>["details"],
): Promise<void> =>
  asOwner(ownerUrl, "", (client) =>
    auditForAll(client, {
      by,
      occurredAtMs: now(),
      action,
      resource: { type: "audit_key", id: AUDIT_KEY },
      outcome: "success",
      details,
    }),
  );
