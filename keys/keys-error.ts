import { DomainError, type DomainErrorOptions } from "../policies/domain-error.ts";

/** What can be refused or fail in this folder. */
export type KeysErrorCode =
  // keyring
  | "keyring_damaged" // the file is not a whole keyring; it is left as it is
  | "keyring_unreachable" // the file could not be read or written
  | "passphrase_required" // the keyring is sealed, or must be, and no passphrase was given
  | "wrong_passphrase" // neither the passphrase nor the key file opens the keyring
  | "key_file_open" // other users have permissions on the file of a private key
  | "keyring_foreign" // the database's keys were wrapped by another keyring or service
  // key-management services
  | "kms_unreachable" // no answer in time, or the service failed
  | "kms_sealed" // the service is there, and waits to be unsealed
  | "kms_standby" // this server of the service leaves the work to another
  | "kms_denied" // the credentials do not permit it
  | "kms_key_not_found" // there is no such key, or it was destroyed as a whole
  | "kms_key_destroyed" // that version of the key was destroyed
  | "kms_refused" // wrong kind of key, wrong context, or not what was wrapped
  // keys at rest
  | "key_missing" // the keystore does not know the key: it is not the keystore of this data
  | "seal_broken"; // stored bytes are not what was sealed there

/** A refusal or failure of keys and key services. */
export class KeysError extends DomainError {
  override readonly name = "KeysError";
  readonly code: KeysErrorCode;
  constructor(code: KeysErrorCode, message: string, options?: DomainErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
