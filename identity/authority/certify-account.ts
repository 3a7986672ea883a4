import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { certifyStaff } from "./certify-staff.ts";
import type { AuthorityDeps } from "./current-key.ts";

/** Certifies an account, if it is staff and has no certificate for its key, role and teams. Never rejects. */
export type CertifyAccount = (account: {
  readonly tenant: TenantId;
  readonly user: UserId;
}) => Promise<void>;

/**
 * Creates the function that certifies an account at once. A failure is passed on and made up for by
 * `keepCertified`, so that a device is registered while the authority does not answer.
 */
export const createCertifyAccount =
  (deps: AuthorityDeps, onError: (error: unknown) => void): CertifyAccount =>
  async ({ tenant, user }) => {
    try {
      await certifyStaff(deps, tenant, user);
    } catch (error) {
      onError(error);
    }
  };
