import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { survivorOf, type LogRestore } from "../verify/log-restore.ts";
import { openDeclaration } from "./declaration.ts";

/** The declared restores of a deployment, as they are kept outside the database. */
export class Restores {
  readonly all: readonly LogRestore[];

  constructor(all: readonly LogRestore[]) {
    this.all = all;
  }

  /** How often a log was restored. Its heads say so from then on. */
  countOf(origin: string): number {
    const counts = this.all.filter((log) => log.origin === origin).map((log) => log.restores);
    return Math.max(0, ...counts);
  }

  /** What a log must still have of a head that was signed at some time. */
  survivorOf(head: Checkpoint): Checkpoint {
    return survivorOf(head, this.all).head;
  }
}

/**
 * Reads and verifies the declarations that a store keeps.
 * @param publicKey the audit key
 * @throws AuditError audit_checkpoint_invalid: a stored declaration lacks a signature, or is not one
 */
export async function readRestores(
  store: Pick<CheckpointStore, "declarations">,
  publicKey: Uint8Array,
): Promise<Restores> {
  const notes = await store.declarations();
  try {
    return new Restores(notes.flatMap((note) => openDeclaration(note, publicKey)));
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new AuditError(
      "audit_checkpoint_invalid",
      `A stored declaration of a restore is not valid: ${cause.message}`,
      { cause },
    );
  }
}
