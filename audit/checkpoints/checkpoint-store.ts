import type { LogId } from "../../crypto/wire/ids.ts";

/** A checkpoint that is kept outside the database. */
export interface KeptCheckpoint {
  readonly log: LogId;
  readonly note: string;
  /** Whether it is the last checkpoint of its log, or a head that was kept with `keepProof`. */
  readonly kind: "last" | "proof";
}

/**
 * Keeps the last checkpoint of each log where nobody who can write to the database can reach it. It
 * detects a restored or rewritten database.
 */
export interface CheckpointStore {
  /** Returns the latest checkpoint of every log, and every proof. */
  all(): Promise<readonly KeptCheckpoint[]>;
  /**
   * Stores a later checkpoint. A checkpoint from after a restore replaces a larger one from before.
   * When this resolves, the checkpoint survives a crash, or a later one is stored already.
   * @throws AuditError audit_log_behind: the stored one is from after a restore, and this one is not;
   *   audit_log_inconsistent: another head of the same size is stored; audit_checkpoint_invalid: the
   *   stored one cannot be read; audit_checkpoint_missing: this process stored one, and it is gone
   */
  put(log: LogId, note: string): Promise<void>;
  /**
   * Stores a head that contradicts the database permanently, beside the latest one. The head may be
   * smaller than heads that were signed since. When this resolves, the head survives a crash.
   */
  keepProof(log: LogId, note: string): Promise<void>;
  /**
   * Returns every signed declaration that the database was restored from a backup. `name` says
   * where it is kept.
   */
  declarations(): Promise<readonly { readonly name: string; readonly text: string }[]>;
  /** Stores a declaration permanently. When this resolves, the declaration survives a crash. */
  keepDeclaration(text: string): Promise<void>;
  close(): Promise<void>;
}
