import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { SignedStaffCertificate } from "../../crypto/wire/staff-certificate.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Actor } from "../../policies/actor.ts";
import { certificateOf } from "../authority/acting-certificate.ts";
import type { DirectoryDeps, Profiles } from "../accounts/profiles.ts";
import { audited, auditRefusals } from "../audited.ts";
import { assertReadable, type ReadableUser } from "./assert-readable.ts";

/** One device, as its account certified it. */
export interface ListedDevice {
  readonly id: DeviceId;
  readonly registrationId: number;
  readonly deviceKey: Uint8Array;
  readonly identityKey: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly certificate: Uint8Array;
}

export interface ListedAccount extends Omit<ReadableUser, "displayName"> {
  readonly displayName: string | null;
  /** The certificate for its present role and account key; null for customers, and before it is issued. */
  readonly staffCertificate: SignedStaffCertificate | null;
  /** The devices that are not revoked, oldest first. */
  readonly devices: readonly ListedDevice[];
}

/**
 * Returns a user's account key and certified devices. The reader checks the certificates. Reading
 * another user's devices is in the audit log.
 * @throws IdentityError user_not_found, also for a user of another tenant; forbidden
 */
export async function listDevices(
  deps: DirectoryDeps,
  actor: Actor,
  user: UserId,
): Promise<ListedAccount> {
  const act = { action: "device.list", resource: { type: "user", id: user } } as const;
  const read = (client: Client) => readAccount(client, deps.profiles, actor, user);
  // Reading your own devices is not audited.
  if (user === actor.user)
    return auditRefusals(deps, actor, act, () => inTransaction(deps.pool, actor.tenant, read));
  return audited(deps, actor, { ...act, subject: user }, read);
}

async function readAccount(
  client: Client,
  profiles: Profiles,
  actor: Actor,
  user: UserId,
): Promise<ListedAccount> {
  const account = await assertReadable(client, actor, user);
  const devices = await client.query<ListedDevice>(
    `select id, registration_id as "registrationId", device_key as "deviceKey",
       identity_key as "identityKey", receipt_key as "receiptKey", certificate
     from devices where user_id = $1 and revoked_at_ms is null order by created_at_ms, id`,
    [user],
  );
  const displayName = await profiles.displayName(actor.tenant, user, account.displayName);
  const staffCertificate = (await certificateOf(client, user)) ?? null;
  return { ...account, displayName, staffCertificate, devices: devices.rows };
}
