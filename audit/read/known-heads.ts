import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError, altered } from "../audit-error.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import { nodeChecks } from "../node-checks.ts";
import type { Restores } from "../restore/restores.ts";
import { openCheckpoint, type Checkpoint } from "../verify/checkpoint.ts";
import { LogError } from "../verify/log-error.ts";
import { rangeRoots } from "../verify/log-source.ts";
import { KEY_TYPES } from "../verify/note.ts";
import { checkedLog, type CheckedLog, type SignedHead } from "./checked-log.ts";
import { readCheckpoint, readLogInfo } from "./log-info.ts";
import { tileRows } from "./tile-rows.ts";

/**
 * The last signed head of each log that this process saw. A log that becomes shorter, or that does
 * not begin with the entries of this head, is refused. Somebody rewound it while the process ran.
 * After a restart, the checkpoints outside the database take this role.
 */
export class KnownHeads {
  readonly #publicKey: Uint8Array;
  readonly #heads = new Map<LogId, Checkpoint>();

  /** @param publicKey signs all logs: Ed25519, 32 bytes */
  constructor(publicKey: Uint8Array) {
    this.#publicKey = publicKey;
  }

  /** Returns the last head of each log that was seen. */
  get heads(): ReadonlyMap<LogId, Checkpoint> {
    return this.#heads;
  }

  /** Returns the size of the last head of a log that was seen; 0 if none was. */
  sizeOf(log: LogId): number {
    return this.#heads.get(log)?.size ?? 0;
  }

  /** Remembers a head that this process signed. */
  remember(log: LogId, head: Checkpoint): void {
    if (head.size >= this.sizeOf(log)) this.#heads.set(log, head);
  }

  /** Forgets what declared restores lost. What they left must still be there. */
  apply(restores: Restores): void {
    for (const [log, head] of this.#heads) {
      const left = restores.survivorOf(head);
      if (left.size > 0) this.#heads.set(log, left);
      else this.#heads.delete(log);
    }
  }

  /**
   * Opens a log at its newest signed head. `client` must be in a transaction that is fenced to `log`.
   * @returns undefined if no head was ever signed
   * @throws AuditError audit_checkpoint_invalid, audit_log_behind, audit_log_inconsistent,
   *   audit_log_altered
   */
  async open(client: Client, log: LogId): Promise<CheckedLog | undefined> {
    // Before the database is read: another reader may learn of a newer head in the meantime.
    const known = this.#heads.get(log);
    const signed = await this.#readSigned(client, log);
    if (signed === undefined) {
      if (known !== undefined) throw behind(known, 0);
      return undefined;
    }
    const { checkpoint } = signed;
    if (known !== undefined) await assertExtends(client, log, known, checkpoint);
    this.remember(log, checkpoint);
    return checkedLog(client, signed);
  }

  async #readSigned(client: Client, log: LogId): Promise<SignedHead | undefined> {
    const info = await readLogInfo(client, log).catch((error: unknown) => {
      if (error instanceof AuditError && error.code === "log_not_found") return undefined;
      throw error;
    });
    if (info === undefined) return undefined;
    const note = await readCheckpoint(client, log);
    if (note === undefined) return undefined;
    const key = { name: info.origin, type: KEY_TYPES.ed25519, publicKey: this.#publicKey };
    try {
      return { ...info, log, key, note, checkpoint: openCheckpoint(nodeChecks, note, key) };
    } catch (cause) {
      if (!(cause instanceof LogError)) throw cause;
      throw new AuditError(
        "audit_checkpoint_invalid",
        `The newest checkpoint of ${info.origin} in the database is not signed by the audit key.`,
        { cause },
      );
    }
  }
}

async function assertExtends(
  client: Client,
  log: LogId,
  known: Checkpoint,
  now: Checkpoint,
): Promise<void> {
  if (now.size < known.size) throw behind(known, now.size);
  const isSame = now.origin === known.origin && (await rootAt(client, log, known, now));
  if (!isSame)
    throw new AuditError(
      "audit_log_inconsistent",
      `The log ${known.origin} does not begin with the ${known.size} entries that this server saw in it before.`,
    );
}

async function rootAt(client: Client, log: LogId, known: Checkpoint, now: Checkpoint) {
  if (now.size === known.size) return equalBytes(now.root, known.root);
  try {
    const roots = rangeRoots(nodeChecks.sha256, tileRows(client, log), known.size);
    return equalBytes(await roots(0, known.size), known.root);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw altered(known.origin, cause.message, { cause });
  }
}

const behind = ({ origin, size }: Checkpoint, nowMs: number): AuditError =>
  new AuditError(
    "audit_log_behind",
    `The log ${origin} has ${nowMs} signed entries in the database, but this server saw ${size} before.`,
  );
