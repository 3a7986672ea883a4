import { appendEntry } from "../../audit/append-entry.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import { storeEntries } from "../../audit/store-entries.ts";
import {
  followHandovers,
  isHandover,
  type AuthorityChain,
} from "../../crypto/wire/authority-chain.ts";
import {
  decodeAuthorityEntry,
  encodeAuthorityEntry,
  type AuthorityEntry,
} from "../../crypto/wire/authority-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { keyLogOf } from "../transparency/key-log.ts";
import { IdentityError } from "../identity-error.ts";
import type { LoggedAuthorityKey, NextAuthorityKey } from "./authority.ts";

/** The newest key of the authority that is in the key log, and the number of entries there. */
export interface LoggedAuthority {
  readonly current: LoggedAuthorityKey | undefined;
  readonly entries: number;
  /** The keys from the first one on, as every device follows them. */
  readonly chain: AuthorityChain;
}

/**
 * Reads the authority's keys from the key log. A key counts only if the one before handed over to it.
 * `client` must be fenced to the tenant.
 */
export async function readLoggedAuthority(client: Pick<Client, "query">): Promise<LoggedAuthority> {
  const { rows } = await client.query<{ readonly entry: Uint8Array }>(
    `select entries.entry from authority_entries
     join audit.entries on entries.id = authority_entries.entry order by version`,
  );
  const entries = rows.map(({ entry }) => decodeAuthorityEntry(entry));
  const first = entries.find(({ change }) => change === "added");
  const chain =
    first === undefined
      ? { keys: [], current: undefined, intruder: undefined }
      : followHandovers(entries, first.authorityKey, verifyEd25519);
  const { current } = chain;
  return {
    current: current && { version: current.version, publicKey: current.authorityKey },
    entries: entries.length,
    chain,
  };
}

/** Lets one transaction at a time change the authority of a tenant. It ends with the transaction. */
export const lockAuthority = async (client: Client, tenant: TenantId): Promise<void> =>
  void (await client.query(
    "select pg_advisory_xact_lock(hashtext('sealdesk.authority'), hashtext($1))",
    [tenant],
  ));

/**
 * Puts a key of the authority into the key log, and retires the one before it, with the audit entry
 * in the same transaction. The transaction must hold `lockAuthority`.
 * @throws AuditError audit_entry_not_stored; IdentityError authority_key_unknown: the key before, or the next one,
 *   did not sign the handover
 */
export async function logAuthorityKey(
  client: Client,
  tenant: TenantId,
  next: NextAuthorityKey,
  act: { readonly by: string | OperatorActor; readonly nowMs: number },
): Promise<LoggedAuthorityKey> {
  const { current, entries } = await readLoggedAuthority(client);
  const added = {
    change: "added",
    tenant,
    version: entries + 1,
    authorityKey: next.publicKey,
    atMs: act.nowMs,
    handover: next.handover,
  } as const;
  // Nobody would accept the new key, and the retired one could not hand over to another.
  if (
    current !== undefined &&
    !isHandover(added, { authorityKey: current.publicKey }, verifyEd25519)
  )
    throw new IdentityError(
      "authority_key_unknown",
      "The key service signed the handover with another key than the authority's. Nothing was changed. " +
        "Use the key service that holds the authority's key.",
    );
  await append(client, added);
  if (current !== undefined)
    await append(client, {
      change: "retired",
      tenant,
      version: entries + 2,
      authorityKey: current.publicKey,
      atMs: act.nowMs,
      handover: undefined,
    });
  await appendEntry(client, {
    tenant,
    actor: typeof act.by === "string" ? { kind: "system", id: act.by } : act.by,
    occurredAtMs: act.nowMs,
    action: current === undefined ? "authority_key.create" : "authority_key.rotate",
    resource: { type: "authority_key", id: tenant, version: String(added.version) },
    outcome: "success",
  });
  return { version: added.version, publicKey: next.publicKey };
}

async function append(client: Client, entry: AuthorityEntry): Promise<void> {
  const { tenant, version, change, authorityKey } = entry;
  const [id] = await storeEntries(client, keyLogOf(tenant), [encodeAuthorityEntry(entry)]);
  await client.query(
    `insert into authority_entries (tenant, version, change, public_key, entry)
     values ($1, $2, $3, $4, $5)`,
    [tenant, version, change, authorityKey, id],
  );
}
