/** The password and the second factors that an account had when its sign-in was verified. */
export interface VerifiedAccount {
  readonly passwordHash: string | null;
  /** Which second factors it had; empty for none. */
  readonly factors: string;
}

/** SQL for the members of `VerifiedAccount` of the account `u`. */
export const VERIFIED = `u.password_hash as "passwordHash", concat(
  (select f.confirmed_at_ms from totp_factors f where f.user_id = u.id),
  (select string_agg(p.id::text, '' order by p.id) from passkeys p where p.user_id = u.id)) as factors`;
