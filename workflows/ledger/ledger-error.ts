import { DomainError, type DomainErrorOptions } from "../../policies/domain-error.ts";

/** Why the server does not trust the erasure ledger. Each is a reason of `/readyz`, too. */
export const ledgerCodes = [
  "ledger_missing", // the database knows a ledger, and there is none
  "ledger_shortened", // the ledger lacks entries that the database knows
  "ledger_invalid", // an entry is not signed by this server, or is out of its place
  "ledger_behind", // entries are not replayed in the database yet
  "ledger_unreachable", // the folder or the bucket does not answer
] as const;

export type LedgerErrorCode = (typeof ledgerCodes)[number];

const advice: Readonly<Record<LedgerErrorCode, string>> = {
  ledger_missing: "Put the ledger back where ERASURE_LEDGER says, or correct the variable.",
  ledger_shortened:
    "Put the whole ledger back. Entries that are lost would let a backup bring erased people back.",
  ledger_invalid:
    "Put the entry back from a copy, and check that SEALDESK_KMS names the key service of this ledger.",
  ledger_behind: "The server replays them. Wait until /readyz is ok.",
  ledger_unreachable: "Make the folder or the bucket reachable.",
};

/** A fault of the erasure ledger. The message says what to do, and names no person. */
export class LedgerError extends DomainError {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;
  /** @param what what was found, in whole sentences */
  constructor(code: LedgerErrorCode, what: string, options?: DomainErrorOptions) {
    super(`${what} ${advice[code]} See docs/restore.md, “The erasure ledger”.`, options);
    this.code = code;
  }
}
