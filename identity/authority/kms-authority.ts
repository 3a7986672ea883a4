import { handoverBytes } from "../../crypto/wire/authority-entry.ts";
import {
  encodeStaffCertificate,
  staffCertificateBytes,
} from "../../crypto/wire/staff-certificate.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import type { Authority, LoggedAuthorityKey, NextAuthorityKey } from "./authority.ts";

type SigningKms = Pick<Kms, "ensureKey" | "publicKey" | "sign" | "destroy">;

/**
 * The authority inside the server. It certifies every account that the database calls staff. Its
 * keys never leave the key service, but whoever runs the server can use them.
 */
export const kmsAuthority = (kms: SigningKms): Authority => ({
  async keysAfter(tenant, last) {
    if (last !== undefined) return [];
    return [{ publicKey: await ensuredKey(kms, tenant, 1), handover: undefined }];
  },
  sign: (certificate, { version }) =>
    kms.sign(
      keyName(certificate.tenant, version),
      staffCertificateBytes(encodeStaffCertificate(certificate)),
    ),
});

/**
 * Creates the key that follows `from` in the key service, and lets `from` hand over to it.
 * @param version the version of the entry that will add it
 * @throws KeysError of the service
 */
export async function nextKmsKey(
  kms: SigningKms,
  tenant: TenantId,
  from: LoggedAuthorityKey,
  version: number,
): Promise<NextAuthorityKey> {
  const publicKey = await ensuredKey(kms, tenant, version);
  return { publicKey, handover: await handOverTo(kms, tenant, from, publicKey) };
}

/**
 * Signs the handover from a key of the key service to another key.
 * @throws KeysError of the service
 */
export const handOverTo = (
  kms: SigningKms,
  tenant: TenantId,
  { version, publicKey: from }: LoggedAuthorityKey,
  to: Uint8Array,
): Promise<Uint8Array> => kms.sign(keyName(tenant, version), handoverBytes(tenant, { from, to }));

/**
 * Destroys a key that was retired.
 * @throws KeysError of the service
 */
export const destroyKmsKey = (
  kms: SigningKms,
  tenant: TenantId,
  { version }: LoggedAuthorityKey,
): Promise<void> => kms.destroy(keyName(tenant, version));

async function ensuredKey(kms: SigningKms, tenant: TenantId, version: number): Promise<Uint8Array> {
  const name = keyName(tenant, version);
  await kms.ensureKey(name, "signing");
  return kms.publicKey(name);
}

/** A version has a key of its own in the service, so that the former one can sign the handover. */
const keyName = (tenant: TenantId, version: number): string => `authority-${tenant}-${version}`;
