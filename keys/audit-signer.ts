import type { LogSigner } from "../audit/logs.ts";
import type { Kms } from "./kms/kms.ts";

const KEY = "audit-log";

/**
 * Signs audit checkpoints with a key of its own in the key service, which the first use creates.
 * The key is not rotated, because auditors hold its public half.
 * @throws KeysError of the service
 */
export async function kmsAuditSigner(kms: Kms): Promise<LogSigner> {
  await kms.ensureKey(KEY, "signing");
  return { publicKey: await kms.publicKey(KEY), sign: (bytes) => kms.sign(KEY, bytes) };
}
