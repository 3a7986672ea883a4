import type { LogKey, LogSigner } from "../audit/logs.ts";
import { KeysError } from "./keys-error.ts";
import type { Kms } from "./kms/kms.ts";

export const AUDIT_KEY = "audit-log";

/**
 * Signs audit checkpoints with a key of its own in the key service, which the first use creates. While
 * the key is being replaced, the service has two versions of it, and both sign: see docs/audit.md,
 * “Replace the audit key”.
 * @throws KeysError of the service
 */
export async function kmsAuditSigner(kms: Kms): Promise<LogSigner> {
  await kms.ensureKey(AUDIT_KEY, "signing");
  const latest = await kms.latestVersion(AUDIT_KEY);
  const newest = await versionOf(kms, latest);
  const former = latest === 1 ? undefined : await livingVersionOf(kms, latest - 1);
  return former === undefined ? newest : { ...former, next: newest };
}

async function versionOf(kms: Kms, version: number): Promise<LogKey> {
  return {
    publicKey: await kms.publicKey(AUDIT_KEY, version),
    sign: (bytes) => kms.sign(AUDIT_KEY, bytes, version),
  };
}

/** Returns undefined if the version is destroyed. */
async function livingVersionOf(kms: Kms, version: number): Promise<LogKey | undefined> {
  try {
    return await versionOf(kms, version);
  } catch (error) {
    if (error instanceof KeysError && error.code === "kms_key_destroyed") return undefined;
    throw error;
  }
}
