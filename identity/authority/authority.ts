import type {
  SignedStaffCertificate,
  StaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import type { Handover, HandoverSignatures } from "../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

/** A key of the tenant's authority that is in the key log. */
export interface LoggedAuthorityKey {
  /** The version of the entry that added it. */
  readonly version: number;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A key that is not in the key log yet. */
export interface NextAuthorityKey {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Undefined for the first key. */
  readonly handover: HandoverSignatures | undefined;
}

/** A key to which the authority's key is to hand over, and what signs with it. */
export interface Heir {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * Signs that it follows the former key: see `handoverBytes`.
   * @throws KeysError of the key service; IdentityError authority_unreachable, handover_not_agreed
   */
  readonly follow: (handover: Handover) => Promise<Uint8Array>;
}

/** An account that is to be certified. */
export type StaffAccount = Pick<
  StaffCertificate,
  "tenant" | "user" | "accountKey" | "role" | "teams"
>;

/**
 * What signs for a tenant where no person acts. It runs inside the server (`kmsAuthority`), or as a
 * process of its own that decides by itself (`remoteAuthority`).
 */
export interface Authority {
  /**
   * Returns the tenant's keys that follow `last`, the earliest first. Creates the first one.
   * @param last undefined if the key log has none
   * @throws KeysError of the key service; IdentityError authority_unreachable,
   *   authority_key_unknown: `last` is no key of this authority
   */
  keysAfter(
    tenant: TenantId,
    last: LoggedAuthorityKey | undefined,
  ): Promise<readonly NextAuthorityKey[]>;
  /**
   * Certifies an account with a key from the key log.
   * @returns undefined if the account is not staff in this role, as far as the authority knows
   * @throws as `keysAfter`
   */
  certify(
    account: StaffAccount,
    key: LoggedAuthorityKey,
  ): Promise<SignedStaffCertificate | undefined>;
}
