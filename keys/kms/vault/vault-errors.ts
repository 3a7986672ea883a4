import { KeysError } from "../../keys-error.ts";

/** A refusal by Vault, before it is known what it means for what was asked. */
export class VaultAnswer extends Error {
  override readonly name = "VaultAnswer";
  readonly status: number;
  /** Vault's own words: about names and versions, never about content. Not shown further. */
  readonly said: string;
  constructor(status: number, said: string) {
    super(`Vault answered ${status}.`);
    this.status = status;
    this.said = said;
  }
}

export const unreachable = (message: string): KeysError =>
  new KeysError("kms_unreachable", message);

/** What a refusal means whatever was asked; undefined when that depends on it. */
export function serviceError({ status, said }: VaultAnswer): KeysError | undefined {
  if (status === 503 && /sealed/i.test(said))
    return new KeysError("kms_sealed", "Vault is sealed: it serves once it is unsealed.");
  if ((status >= 300 && status < 400) || status === 429 || status === 472 || status === 473)
    return new KeysError(
      "kms_standby",
      status === 429
        ? "Vault limits requests, or is a standby; let VAULT_ADDR lead to the active server."
        : "Vault sent the request elsewhere, as a standby does; let VAULT_ADDR lead to the active server.",
    );
  if (status === 403)
    return new KeysError("kms_denied", "Vault's policy does not permit this to the server.");
  if (status >= 500 || status === 412) return unreachable(`Vault failed (${status}).`);
  return undefined;
}

/** Whether asking again may help: nothing was done, or doing it twice harms nothing. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KeysError &&
  (error.code === "kms_unreachable" || error.code === "kms_standby" || error.code === "kms_sealed");
