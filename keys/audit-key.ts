import { toBase64Url } from "../crypto/wire/bytes.ts";
import type { AuditEntry } from "../audit/append-entry.ts";
import type { OperatorActor } from "../audit/operator.ts";
import { parseEntry } from "../audit/export/entry-filter.ts";
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

const ENTRIES = `
  select entry from audit.entries
  where tenant = $1 and position(convert_to('"action":"audit_key.', 'UTF8') in entry) > 0
  order by id`;

/**
 * Makes the key that will replace the audit key. Nodes that start from now on sign with both. If it was
 * interrupted before the new key was recorded, another call records the key.
 * @throws KeysError kms_refused, if the key is being replaced already; the service's own
 */
export async function rotateAuditKey(deps: AuditKeyDeps): Promise<void> {
  const { kms } = deps;
  await recordInterruptedRetirement(deps);
  const made = await kmsAuditSigner(kms);
  if (made.next !== undefined && (await keysOf(deps, "audit_key.rotate")).has(nameOf(made.next)))
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
  const former = await kmsAuditSigner(kms);
  if (!(await keysOf(deps, "audit_key.retire_begin")).has(nameOf(former)))
    await record(deps, "audit_key.retire_begin", publicKeyOf(former));
  await kms.destroy(AUDIT_KEY, await kms.latestVersion(AUDIT_KEY));
  await record(deps, "audit_key.retire", publicKeyOf(former));
}

/**
 * Records that a key was destroyed, if `destroyFormerAuditKey` was interrupted after that.
 * @returns whether there was such a key
 * @throws KeysError of the service
 */
export async function recordInterruptedRetirement(deps: AuditKeyDeps): Promise<boolean> {
  const begun = await keysOf(deps, "audit_key.retire_begin");
  const done = await keysOf(deps, "audit_key.retire");
  const current = nameOf(await kmsAuditSigner(deps.kms));
  const interrupted = [...begun].filter((key) => !done.has(key) && key !== current);
  for (const publicKey of interrupted) await record(deps, "audit_key.retire", { publicKey });
  return interrupted.length > 0;
}

const nameOf = ({ publicKey }: LogKey): string => toBase64Url(publicKey);
const publicKeyOf = (key: LogKey | undefined) => ({
  publicKey: key === undefined ? undefined : toBase64Url(key.publicKey),
});

/** Returns the keys that entries of this action name in the operator's log. The tenants' logs then have them too. */
const keysOf = ({ ownerUrl }: AuditKeyDeps, action: AuditKeyAction): Promise<ReadonlySet<string>> =>
  asOwner(ownerUrl, NO_TENANT, async (client) => {
    const { rows } = await client.query<{ entry: Uint8Array }>(ENTRIES, [NO_TENANT]);
    const entries = rows
      .map(({ entry }) => parseEntry(entry))
      .filter((each) => each?.action === action);
    return new Set(
      entries.map((each) => each?.details?.["publicKey"]).filter((key) => typeof key === "string"),
    );
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
