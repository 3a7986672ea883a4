import { uuidFromBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { blobSeal, type BlobSeal } from "../../keys/at-rest/blob-seal.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { Scope } from "../../keys/at-rest/scope.ts";
import { MessagingError } from "../messaging-error.ts";
import type { AttachmentRow } from "./upload-row.ts";

/**
 * Returns the id of the key for content that is written in `scope` now.
 * @throws MessagingError key_destroyed
 */
export async function blobKeyId(
  scopeKeys: ScopeKeys,
  tenant: TenantId,
  scope: Scope,
): Promise<Uuid> {
  const [found] = await scopeKeys.forWriting(tenant, [scope]);
  if (found?.key === undefined) throw erased();
  return uuidFromBytes(found.key.id);
}

/**
 * Returns the seal for an attachment's stored bytes.
 * @throws MessagingError key_destroyed
 */
export async function sealOf(
  scopeKeys: ScopeKeys,
  tenant: TenantId,
  { id, keyId, salt }: Pick<AttachmentRow, "id" | "keyId" | "salt">,
): Promise<BlobSeal> {
  const key = (await scopeKeys.forReading(tenant, [keyId])).get(keyId)?.key;
  if (key === undefined) throw erased();
  return blobSeal(key, { tenant, blob: id, salt });
}

const erased = (): MessagingError =>
  new MessagingError("key_destroyed", "The attachment is erased.");
