import { uuidFromBytes, type Uuid } from "../../crypto/wire/uuid.ts";
import { blobCipher, type BlobCipher } from "../../keys/at-rest/blob-cipher.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { Scope } from "../../keys/at-rest/scope.ts";
import { MessagingError } from "../messaging-error.ts";
import type { AttachmentRow } from "./upload-row.ts";

/** The name of the key for what is written in `scope` now. @throws MessagingError key_destroyed */
export async function blobKeyId(scopeKeys: ScopeKeys, tenant: Uuid, scope: Scope): Promise<Uuid> {
  const [found] = await scopeKeys.forWriting(tenant, [scope]);
  if (found?.key === undefined) throw erased();
  return uuidFromBytes(found.key.id);
}

/** What stands between an attachment and its stored bytes. @throws MessagingError key_destroyed */
export async function cipherOf(
  scopeKeys: ScopeKeys,
  tenant: Uuid,
  { id, keyId }: Pick<AttachmentRow, "id" | "keyId">,
): Promise<BlobCipher> {
  const key = (await scopeKeys.forReading(tenant, [keyId])).get(keyId)?.key;
  if (key === undefined) throw erased();
  return blobCipher(key, tenant, id);
}

const erased = (): MessagingError =>
  new MessagingError("key_destroyed", "The attachment is erased.");
