import { hash } from "node:crypto";
import { nodeChecks } from "../../audit/node-checks.ts";
import {
  readCheckpoint,
  readCosigned,
  readLogInfo,
  type AskedQuorum,
  type LogInfo,
} from "../../audit/read/log-info.ts";
import { AuditError } from "../../audit/audit-error.ts";
import { parseCheckpointText } from "../../audit/verify/checkpoint.ts";
import { formatVkey, KEY_TYPES, parseNote } from "../../audit/verify/note.ts";
import { idFromBytes, type TenantId, type LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";

/** Returns the id of the tenant's key log. It matches `audit.key_log` in the database. */
export const keyLogOf = (tenant: TenantId): LogId =>
  idFromBytes(hash("sha256", `sealdesk/key-log/v1 ${tenant}`, "buffer"));

/** The newest signed head of a key log. */
export interface KeyLogHead {
  /** C2SP verifier key. */
  readonly vkey: string;
  /** C2SP checkpoint: a signed note. */
  readonly checkpoint: string;
  readonly size: number;
}

/**
 * Returns the tenant's newest head, with its cosignatures. `client` must be in a transaction that is
 * fenced to `tenant`.
 * @param publicKey signs all logs; Ed25519
 * @param asked take the newest head that a quorum of these witnesses cosigned
 * @throws IdentityError key_log_behind, before the first head is signed; key_log_not_witnessed
 */
export async function readKeyLogHead(
  client: Client,
  tenant: TenantId,
  publicKey: Uint8Array,
  asked?: AskedQuorum,
): Promise<KeyLogHead> {
  const log = keyLogOf(tenant);
  const checkpoint = await (asked === undefined
    ? readCheckpoint(client, log)
    : readCosigned(client, log, asked));
  if (checkpoint === undefined) throw asked === undefined ? behind() : notWitnessed();
  const { origin: name } = await readKeyLogInfo(client, tenant);
  return {
    vkey: formatVkey(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey }),
    checkpoint,
    size: parseCheckpointText(parseNote(checkpoint).text).size,
  };
}

/** @throws IdentityError key_log_behind, before the log has its first entry */
export const readKeyLogInfo = (client: Client, tenant: TenantId): Promise<LogInfo> =>
  readLogInfo(client, keyLogOf(tenant)).catch((error: unknown) => {
    throw error instanceof AuditError ? behind() : error;
  });

/**
 * Reads which cosignatures a request asks for.
 * @returns undefined if it names no witnesses
 */
export const askedQuorum = (query: {
  readonly witnesses?: readonly string[] | undefined;
  readonly quorum?: number | undefined;
}): AskedQuorum | undefined =>
  query.witnesses && {
    witnesses: query.witnesses,
    quorum: query.quorum ?? query.witnesses.length,
  };

export const notWitnessed = (): IdentityError =>
  new IdentityError(
    "key_log_not_witnessed",
    "Too few of these witnesses have cosigned the key log up to here. Ask again in a minute.",
  );

export const behind = (): IdentityError =>
  new IdentityError("key_log_behind", "The key log is not signed up to this entry yet. Ask again.");
