import type { DeviceProof } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideConsent } from "../../policies/consents.ts";
import type { SignedText } from "../notices/record-view.ts";
import { deviceProof } from "../receipts/device-proof.ts";

/** A record as it is stored, with what proves who signed it. */
export interface StoredConsent extends SignedText {
  /** From 1 on, in the chain of the account. */
  readonly number: number;
  readonly device: DeviceId;
  /** The certificate of the device; null if the key log has no such device. */
  readonly signer: DeviceProof | null;
  /** When the server received it, in milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
}

/** The records of one page. */
const CONSENTS_PAGE = 100;

const SELECT = `
  select number, device, record as text, signature, received_at_ms as "receivedAtMs" from consents
  where user_id = $1`;

/**
 * Returns a page of a user's records, in their order: for the user, and for those who oversee consents.
 * @param asked.after the number of the last record of the page before; 0 for the first page
 * @throws IdentityError forbidden
 */
export function readConsents(
  deps: UseCase,
  party: Party,
  { user, after }: { readonly user: UserId; readonly after: number },
): Promise<readonly StoredConsent[]> {
  const tenant = tenantOf(party);
  const resource = { type: "user", id: user } as const;
  const act = { action: "consent.list", resource, isRepeatable: true } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decideConsent(actor, user === actor.user ? "read" : "oversee", { tenant, user }),
    );
    const { rows } = await client.query<Omit<StoredConsent, "signer">>(
      `${SELECT} and number > $2 order by number limit $3`,
      [user, after, CONSENTS_PAGE],
    );
    note({ ...decided, details: { found: rows.length } });
    return withSigners(client, rows);
  });
}

/** Returns one record of a user, or undefined if there is none of this number. */
export async function readConsent(
  client: Client,
  user: UserId,
  number: number,
): Promise<StoredConsent | undefined> {
  const { rows } = await client.query<Omit<StoredConsent, "signer">>(`${SELECT} and number = $2`, [
    user,
    number,
  ]);
  return (await withSigners(client, rows))[0];
}

async function withSigners(
  client: Client,
  rows: readonly Omit<StoredConsent, "signer">[],
): Promise<readonly StoredConsent[]> {
  const signers = new Map<DeviceId, DeviceProof | null>();
  for (const { device } of rows)
    if (!signers.has(device)) signers.set(device, (await deviceProof(client, device)) ?? null);
  return rows.map((row) => ({ ...row, signer: signers.get(row.device) ?? null }));
}
