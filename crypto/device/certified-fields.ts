import type { TenantId } from "../wire/ids.ts";
import { ecKeyBytes, signatureBytes } from "../wire/key-sizes.ts";
import { deviceId, fixed, message, userId, type MessageOf } from "../wire/protobuf.ts";
import type { CertifiedDevice } from "./identity.ts";

/** A device record with its certificate. The tenant is left out: a store or a pack belongs to one. */
export const certifiedFields = message({
  user: [1, userId],
  device: [2, deviceId],
  accountKey: [3, fixed(32)],
  deviceKey: [4, fixed(32)],
  identityKey: [5, fixed(ecKeyBytes)],
  receiptKey: [6, fixed(32)],
  certificate: [7, fixed(signatureBytes)],
});
export type CertifiedFields = MessageOf<typeof certifiedFields>;

/** Returns the fields of a record. Its tenant is left out. */
export const certifiedToFields = ({ record, signature }: CertifiedDevice): CertifiedFields => {
  const { user, device, accountKey, deviceKey, identityKey, receiptKey } = record;
  return { user, device, accountKey, deviceKey, identityKey, receiptKey, certificate: signature };
};

/** Returns the record. Nothing is checked: see `verifyDevice`. */
export const certifiedFromFields = (
  tenant: TenantId,
  { certificate, ...record }: CertifiedFields,
): CertifiedDevice => ({ record: { ...record, tenant }, signature: certificate });
