import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import type { CheckpointStore } from "../checkpoints/checkpoint-store.ts";
import { nodeChecks } from "../node-checks.ts";
import type { Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import {
  assertTrusted,
  isTrusted,
  openLogRestore,
  openLogRestores,
  type SignedRestore,
} from "../verify/log-restore.ts";
import { formatNote, KEY_TYPES, type NoteKey } from "../verify/note.ts";
import { survivorOf } from "../verify/survivor.ts";
import { parseDeclaration } from "./declaration.ts";

const PUT_BACK = "Put the missing declaration back: see docs/restore.md.";

/** The location of declarations, and the keys that must have signed them. */
interface Declarations {
  readonly store: Pick<CheckpointStore, "declarations">;
  /** The audit key: Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The people who may approve a restore. Two of them must have approved each declared restore. */
  readonly approvers: readonly NoteKey[];
}

/** The declared restores of a deployment, as they are kept outside the database. */
export class Restores {
  readonly all: readonly SignedRestore[];
  readonly #byOrigin: ReadonlyMap<string, readonly SignedRestore[]>;

  /** @throws AuditError audit_checkpoint_invalid: a log lacks a restore between its others */
  constructor(all: readonly SignedRestore[]) {
    this.all = all;
    const byOrigin = new Map<string, SignedRestore[]>();
    for (const each of all) {
      const ofLog = byOrigin.get(each.origin);
      if (ofLog === undefined) byOrigin.set(each.origin, [each]);
      else ofLog.push(each);
    }
    this.#byOrigin = byOrigin;
    for (const [origin, ofLog] of byOrigin) {
      const numbers = new Set(ofLog.map(({ restores }) => restores));
      for (let number = 1; number <= ofLog.length; number++)
        if (!numbers.has(number))
          throw new AuditError(
            "audit_checkpoint_invalid",
            `The declaration of restore ${number} of the log ${origin} is missing, or another one is there twice.`,
            { advice: PUT_BACK },
          );
    }
  }

  /** Returns how often a log was restored. Its heads say so from then on. */
  countOf(origin: string): number {
    return this.#byOrigin.get(origin)?.length ?? 0;
  }

  /**
   * Returns the part of a signed head that the log must still have.
   * @throws AuditError audit_checkpoint_invalid: the head is from after a restore that is not
   *   declared
   */
  survivorOf(head: Checkpoint): Checkpoint {
    const { origin, restores = 0 } = head;
    if (restores > this.countOf(origin))
      throw new AuditError(
        "audit_checkpoint_invalid",
        `A checkpoint of ${origin} says that the log was restored ${restores} times, but ${this.countOf(origin)} declarations about it are kept outside the database.`,
        { advice: PUT_BACK },
      );
    return survivorOf(head, this.#byOrigin.get(origin) ?? []).head;
  }
}

/**
 * Like `readRestores`. The database must not record a restore whose declaration is missing outside:
 * heads that it cut off would count again. `client` must have the integrator's role.
 * @throws AuditError audit_checkpoint_invalid
 */
export async function readAllRestores(
  client: Client,
  { store, publicKey, approvers }: Declarations,
): Promise<Restores> {
  const restores = await readRestores(store, publicKey, approvers);
  const outside = new Set(restores.all.map(({ note }) => note));
  const { rows } = await client.query<{ origin: string; note: string }>(RECORDED);
  for (const { origin, note } of rows) {
    if (outside.has(note)) continue;
    const key = { name: origin, type: KEY_TYPES.ed25519, publicKey };
    // Anybody may have written to the table. Only signed statements count.
    const signed = openLogRestores(nodeChecks, [note], key).find((each) =>
      isTrusted(each, approvers),
    );
    if (signed !== undefined && !outside.has(signed.note))
      throw new AuditError(
        "audit_checkpoint_invalid",
        `The database records restore ${signed.restores} of the log ${origin}, but its declaration is missing outside the database.`,
        { advice: PUT_BACK },
      );
  }
  return restores;
}

const RECORDED = "select origin, note from audit.restores";

/**
 * Reads and verifies the declarations that a store keeps.
 * @param publicKey the audit key
 * @param approvers the people who may approve; two of them must have signed each
 * @throws AuditError audit_checkpoint_invalid: a stored declaration lacks a signature, or is not
 *   one
 */
export async function readRestores(
  store: Pick<CheckpointStore, "declarations">,
  publicKey: Uint8Array,
  approvers: readonly NoteKey[],
): Promise<Restores> {
  const files = await store.declarations();
  return new Restores(
    files.flatMap(({ name, text }) => {
      try {
        return openDeclaration(text, publicKey, approvers);
      } catch (cause) {
        if (!(cause instanceof LogError)) throw cause;
        throw new AuditError(
          "audit_checkpoint_invalid",
          `The declaration of a restore in ${name} is not valid: ${cause.message}`,
          {
            cause,
            advice: "Compare AUDIT_RESTORE_APPROVERS: it must name the people who signed it.",
          },
        );
      }
    }),
  );
}

/**
 * Returns the statements in a declaration. The audit key and two of the approvers must have signed
 * each.
 * @throws LogError malformed, unsigned, wrong_signature
 */
export function openDeclaration(
  text: string,
  publicKey: Uint8Array,
  approvers: readonly NoteKey[],
): readonly SignedRestore[] {
  return parseDeclaration(text).map(({ restore: { origin }, note }) => {
    const key = { name: origin, type: KEY_TYPES.ed25519, publicKey };
    const signed = openLogRestore(nodeChecks, formatNote(note.text, note.signatures), key);
    assertTrusted(signed, approvers);
    return signed;
  });
}
