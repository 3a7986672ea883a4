import { func, given } from "../arguments.ts";
import * as checks from "../call-checks.ts";
import type { Given, PasskeyId, UserId } from "../../crypto/wire/ids.ts";
import type { FactorCode } from "../../contract/sessions.ts";
import type { Api } from "../http/api.ts";
import type { Session } from "../http/session.ts";
import { makePasskey, type MakePasskey, type UsePasskey } from "../sign-in/passkeys.ts";

/** A link with which a person chooses a new password. */
export interface PasswordResetLink {
  readonly link: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** What an authenticator app reads: show `uri` as a QR code, and `secret` (Base32) for typing. */
export interface TotpEnrolment {
  readonly uri: string;
  readonly secret: string;
}

/** A passkey of this account. Times are milliseconds since the Unix epoch. */
export interface AccountPasskey {
  readonly id: PasskeyId;
  readonly name: string | null;
  /** The domain of the page that it was made on. It works there only. */
  readonly rpId: string;
  /** Whether the authenticator may copy it to other devices. */
  readonly isSynced: boolean;
  /** Whether there was a copy at the last use. */
  readonly isBackedUp: boolean;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | null;
}

/** What local accounts of staff sign in with: one's own, and as an admin those of others. */
export class AccountCredentials {
  readonly #api: Api;
  readonly #session: Session;

  constructor(api: Api, session: Session) {
    this.#api = api;
    this.#session = session;
  }

  /**
   * Replaces the password of this account, and ends its sessions on other devices. This connection goes on and
   * signs in with the new one. Pass the new one to the next `connect`.
   * @throws SealdeskError wrong_password, weak_password, password_too_common, rate_limited; forbidden: the
   *   account has no password
   */
  async changePassword(present: string, replacement: string): Promise<void> {
    checks.secret(present, "present");
    checks.secret(replacement, "replacement");
    await this.#api.changePassword({ present, replacement });
    this.#session.passwordChanged(replacement);
  }

  /**
   * Begins to enrol an authenticator app (RFC 6238). It counts once you call `confirmTotp`, within ten minutes.
   * @throws SealdeskError wrong_password, second_factor_exists, rate_limited, forbidden
   */
  async enrolTotp(password: string): Promise<TotpEnrolment> {
    checks.secret(password, "password");
    return this.#api.enrolTotp(password);
  }

  /**
   * Confirms the authenticator app with a code that it shows. From now on, signing in needs a code: pass
   * `secondFactor` in the credentials. The account's sessions on other devices end.
   * @returns ten recovery codes. Each serves once, in place of a code. They are shown this once
   * @throws SealdeskError second_factor_failed, rate_limited
   */
  async confirmTotp(code: string): Promise<readonly string[]> {
    checks.secret(code, "code");
    return this.#api.confirmTotp(code);
  }

  /**
   * Removes the authenticator app and the recovery codes of this account.
   * @throws SealdeskError step_up_required, second_factor_missing
   */
  async removeTotp(): Promise<void> {
    await this.#api.removeTotp();
  }

  /**
   * Proves the second factor again. For ten minutes, acts that fail with `step_up_required` are then allowed.
   * @throws SealdeskError second_factor_failed, rate_limited
   */
  async stepUp(code: FactorCode): Promise<void> {
    checks.factorCode(code, "code");
    await this.#api.stepUp(code);
  }

  /**
   * Proves the second factor again with a passkey, as `stepUp` does.
   * @throws SealdeskError second_factor_failed, passkeys_unavailable, rate_limited
   */
  async stepUpWithPasskey(passkey: UsePasskey): Promise<void> {
    func(passkey, "passkey");
    await this.#api.stepUp(await this.#session.provePasskey(passkey));
  }

  /**
   * Adds a passkey to this account. It signs in alone from now on, and is a second factor. If it is the first one, the
   * account's sessions on other devices end.
   * @param options.name what the person calls it; 1 to 64 characters
   * @param options.password needed if the account has no second factor; otherwise a fresh proof of that is
   * @returns its id
   * @throws SealdeskError wrong_password, step_up_required, passkey_refused, passkey_exists, too_many_passkeys,
   *   passkeys_unavailable, rate_limited, forbidden
   */
  async addPasskey(
    options: { readonly name: string; readonly password?: string },
    make: MakePasskey,
  ): Promise<PasskeyId> {
    checks.newPasskey(options, "options");
    func(make, "make");
    const { name, password } = options;
    const asked = await this.#api.passkeyOptions(password);
    const made = await makePasskey(asked, this.#session.thumbprint, make);
    return this.#api.addPasskey({ ...made, name });
  }

  /** Lists the passkeys of this account, the oldest first. */
  async passkeys(): Promise<readonly AccountPasskey[]> {
    return this.#api.passkeys();
  }

  /** @throws SealdeskError passkey_not_found */
  async renamePasskey(id: Given<PasskeyId>, name: string): Promise<void> {
    checks.passkeyName(name, "name");
    await this.#api.renamePasskey(given(id, "id"), name);
  }

  /**
   * Removes a passkey of this account, such as one whose authenticator was lost. The account's sessions on other
   * devices end.
   * @throws SealdeskError passkey_not_found, step_up_required
   */
  async removePasskey(id: Given<PasskeyId>): Promise<void> {
    await this.#api.removePasskey(given(id, "id"));
  }

  /**
   * As an admin, removes the second factor of another account whose person lost it, and ends its sessions.
   * @throws SealdeskError step_up_required, second_factor_missing, forbidden, member_not_found
   */
  async resetTotp(user: Given<UserId>): Promise<void> {
    await this.#api.resetTotp(given(user, "user"));
  }

  /**
   * As an admin, makes a link with which another person chooses a new password, once and within 24 hours. Give
   * it to that person over a way that you trust. Their password stays valid until then.
   * @throws SealdeskError step_up_required, forbidden, member_not_found
   */
  async createPasswordReset(user: Given<UserId>): Promise<PasswordResetLink> {
    return this.#api.createPasswordReset(given(user, "user"));
  }
}
