import { KeysError } from "../../keys-error.ts";

/** A refusal by Vault, before its meaning for the operation is known. */
export class VaultAnswer extends Error {
  override readonly name = "VaultAnswer";
  readonly status: number;
  /**
   * Vault's own words. They are about names and versions, never about content, and are not shown.
   */
  readonly said: string;
  constructor(status: number, said: string) {
    super(`Vault answered ${status}.`);
    this.status = status;
    this.said = said;
  }
}

export const unreachable = (message: string): KeysError =>
  new KeysError("kms_unreachable", message);

/**
 * Returns the error, if the refusal means the same for every operation. Undefined if the meaning
 * depends on the operation.
 */
export function serviceError({ status, said }: VaultAnswer): KeysError | undefined {
  if (status === 503 && /sealed/i.test(said))
    return new KeysError("kms_sealed", "Vault is sealed. Unseal it.");
  if ((status >= 300 && status < 400) || status === 429 || status === 472 || status === 473)
    return new KeysError(
      "kms_standby",
      status === 429
        ? "Vault limits requests or is a standby. Point VAULT_ADDR to the active server."
        : "Vault redirected the request, as a standby does. Point VAULT_ADDR to the active server.",
    );
  if (status === 403)
    return new KeysError("kms_denied", "Vault's policy does not permit this for the server.");
  if (status >= 500 || status === 412) return unreachable(`Vault failed (${status}).`);
  return undefined;
}

/** Returns whether a repeat may help: nothing was done, or a repeat does no harm. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KeysError &&
  (error.code === "kms_unreachable" || error.code === "kms_standby" || error.code === "kms_sealed");
