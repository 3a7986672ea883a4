import { concat } from "../../crypto/wire/bytes.ts";
import type { ConversationId, ReportId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import { reportPeriodOf } from "../../crypto/wire/key-period.ts";
import { uuidFromBytes } from "../../crypto/wire/uuid.ts";
import { reportAssociated } from "../../keys/at-rest/associated.ts";
import { keyIdOf, open, seal } from "../../keys/at-rest/envelope.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import { MessagingError } from "../../messaging/messaging-error.ts";
import type { VerifiedMessage } from "./verify-messages.ts";

/** The report to which the bytes belong. */
interface Place {
  readonly tenant: TenantId;
  readonly report: ReportId;
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/**
 * Seals what a report discloses of each message, in the same order: `franking key 32 || signature 64 || payload`. So the
 * report can be verified again. The keys belong to the report, below the key of the person whom the conversation is about.
 * @throws MessagingError subject_erased; KeysError kms_...
 */
export async function sealMessages(
  scopeKeys: ScopeKeys,
  {
    tenant,
    report,
    ...scope
  }: Place & { readonly conversation: ConversationId; readonly subject: UserId },
  messages: readonly VerifiedMessage[],
): Promise<readonly Uint8Array[]> {
  const keys = await scopeKeys.forWriting(
    tenant,
    messages.map(({ receivedAtMs }) => ({
      ...scope,
      author: report,
      period: reportPeriodOf(receivedAtMs),
    })),
  );
  return messages.map(({ seq, frankingKey, signature, payload }, index) => {
    const key = keys[index]?.key;
    if (key === undefined)
      throw new MessagingError(
        "subject_erased",
        "The person whom this conversation is about is erased. Nothing about it is stored.",
      );
    const disclosed = concat(frankingKey, signature, payload);
    return seal(key, reportAssociated(tenant, report, seq), disclosed);
  });
}

/**
 * Opens the payloads of a report's messages, in the same order. Undefined stands for what was destroyed.
 * @throws KeysError key_missing, seal_broken, kms_...
 */
export async function openPayloads(
  scopeKeys: ScopeKeys,
  { tenant, report }: Place,
  rows: readonly { readonly seq: number; readonly sealed: Uint8Array | null }[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const keyOf = (sealed: Uint8Array) => uuidFromBytes(keyIdOf(sealed));
  const ids = rows.flatMap(({ sealed }) => (sealed === null ? [] : [keyOf(sealed)]));
  const keys = await scopeKeys.forReading(tenant, ids);
  return rows.map(({ seq, sealed }) => {
    const key = sealed === null ? undefined : keys.get(keyOf(sealed))?.key;
    if (key === undefined || sealed === null) return undefined;
    return open(key, reportAssociated(tenant, report, seq), sealed).subarray(
      KEY_BYTES + SIGNATURE_BYTES,
    );
  });
}
