import { toBase64Url } from "../crypto/wire/bytes.ts";
import type { AuditEntry } from "../audit/append-entry.ts";
import type { OperatorActor } from "../audit/operator.ts";
import type { LogSigner } from "../audit/logs.ts";
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

/**
 * Makes the key that will replace the audit key. Nodes that start from now on sign with both.
 * @throws KeysError kms_refused, if the key is being replaced already; the service's own
 */
export async function rotateAuditKey(deps: AuditKeyDeps): Promise<void> {
  const { kms } = deps;
  if ((await kmsAuditSigner(kms)).next !== undefined)
    throw new KeysError(
      "kms_refused",
      "The audit key is being replaced already. Run sealdesk audit key retire first.",
    );
  await record(deps, "audit_key.rotate_begin", {});
  await kms.rotate(AUDIT_KEY);
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

const publicKeyOf = (key: Pick<LogSigner, "publicKey"> | undefined) => ({
  publicKey: key === undefined ? undefined : toBase64Url(key.publicKey),
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
