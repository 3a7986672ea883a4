import { toHex } from "../../crypto/wire/bytes.ts";
import type { LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { AuditError } from "../audit-error.ts";
import { nodeChecks } from "../node-checks.ts";
import { openCheckpoint } from "../verify/checkpoint.ts";
import { cosignedAt } from "../verify/cosignature.ts";
import { LogError } from "../verify/log-error.ts";
import { keyIdOf, type NoteKey } from "../verify/note.ts";
import { checkedLog, type CheckedLog } from "./checked-log.ts";
import type { KnownHeads } from "./known-heads.ts";
import { readCosigned } from "./log-info.ts";

/** Who must have cosigned a head before it is published. */
export interface Publication {
  /** The number of these witnesses. With 0, each head is published when it is signed. */
  readonly quorum: number;
  readonly witnesses: readonly NoteKey[];
}

const nameOf = (key: NoteKey): string => `${key.name}+${toHex(keyIdOf(nodeChecks.sha256, key))}`;

/** Returns the newest head of a log that the quorum cosigned, as a note whose signatures are not checked. */
export const readPublished = (
  client: Client,
  log: LogId,
  { quorum, witnesses }: Publication,
): Promise<string | undefined> =>
  readCosigned(client, log, { witnesses: witnesses.map(nameOf), quorum });

/**
 * Opens a log at its newest published head. `client` must be in a transaction that is fenced to `log`.
 * @returns undefined if no head was published yet
 * @throws AuditError audit_checkpoint_invalid, and the refusals of `KnownHeads.open`
 */
export async function openPublished(
  client: Client,
  log: LogId,
  heads: KnownHeads,
  publication: Publication,
): Promise<CheckedLog | undefined> {
  const { quorum, witnesses } = publication;
  const newest = await heads.open(client, log);
  if (newest === undefined || quorum === 0) return newest;
  const note = await readPublished(client, log, publication);
  if (note === undefined) return undefined;
  const checkpoint = openStored(note, newest);
  // Somebody who can write to the database may have made a cosignature up.
  const cosigned = witnesses.filter((key) => cosignedAt(nodeChecks, checkpoint.note, key));
  if (cosigned.length < quorum)
    throw invalid(newest, "has a cosignature that its witness did not make");
  return checkedLog(client, { ...newest, note, checkpoint });
}

function openStored(note: string, { key, origin }: CheckedLog) {
  try {
    return openCheckpoint(nodeChecks, note, key);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw invalid({ origin }, "is not signed by the audit key", { cause });
  }
}

const invalid = ({ origin }: Pick<CheckedLog, "origin">, what: string, options?: ErrorOptions) =>
  new AuditError(
    "audit_checkpoint_invalid",
    `The newest cosigned checkpoint of ${origin} in the database ${what}.`,
    {
      ...options,
      advice: "Find out who changed it: see docs/audit.md, “When the log was altered”.",
    },
  );
