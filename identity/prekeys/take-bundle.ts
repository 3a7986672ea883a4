import type { Client } from "../../db/pool.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { sharesConversation } from "../directory/shares-conversation.ts";
import { IdentityError } from "../identity-error.ts";
import type { PreKey, PreKeyBundle, SignedPreKey } from "./prekey.ts";

interface DeviceRow {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly user: UserId;
  readonly role: Role;
}

/**
 * Takes one prekey bundle of a device. A one-time prekey is handed out once, however many requests
 * come at once. When none of a kind is left, the bundle has none, or the last-resort Kyber prekey.
 * @param deps.admit called with account and device when both are known to exist; rejects when the
 * account took too many
 * @throws IdentityError device_not_found, also for a device of another tenant; forbidden, no_prekeys
 */
export async function takeBundle(
  deps: UseCase & { readonly admit: (pair: string) => Promise<void> },
  actor: Actor,
  device: DeviceId,
): Promise<PreKeyBundle> {
  return audited(
    deps,
    actor,
    { action: "prekeys.take", resource: { type: "device", id: device } },
    async (client, note) => {
      const found = await permittedDevice(client, actor, device);
      note({ subject: found.user });
      // Counted by account, which may have any number of sessions and devices, and only for
      // existing devices.
      await deps.admit(`${actor.user} ${device}`);
      const signed = await signedPreKeys(client, device);
      const preKey = await takeOneTime(client, device, "ec");
      const kyberPreKey = await takeOneTime(client, device, "kyber");
      note({ details: { preKey: preKey !== undefined, kyberPreKey: kyberPreKey !== undefined } });
      return {
        device,
        registrationId: found.registrationId,
        identityKey: found.identityKey,
        signedPreKey: signed.ec,
        preKey: preKey && { id: preKey.id, publicKey: preKey.publicKey },
        kyberPreKey: kyberPreKey ?? signed.kyber,
      };
    },
  );
}

async function permittedDevice(client: Client, actor: Actor, device: DeviceId): Promise<DeviceRow> {
  const { rows } = await client.query<DeviceRow>(
    `select d.registration_id as "registrationId", d.identity_key as "identityKey",
       u.id as user, u.role
     from devices d join users u on u.id = d.user_id
     where d.id = $1 and d.revoked_at_ms is null`,
    [device],
  );
  const [row] = rows;
  if (row === undefined) throw new IdentityError("device_not_found", "There is no such device.");
  assertAllowed(
    decideDirectory(actor, "take_bundle", {
      tenant: actor.tenant,
      user: row.user,
      role: row.role,
      device,
      sharesConversation: await sharesConversation(client, actor.user, row.user),
    }),
  );
  return row;
}

async function signedPreKeys(
  client: Client,
  device: DeviceId,
): Promise<{ readonly ec: SignedPreKey; readonly kyber: SignedPreKey }> {
  const { rows } = await client.query<SignedPreKey & { kind: string }>(
    `select kind, id, public_key as "publicKey", signature from signed_prekeys where device = $1`,
    [device],
  );
  const of = (kind: string): SignedPreKey => {
    const row = rows.find((each) => each.kind === kind);
    if (row === undefined)
      throw new IdentityError("no_prekeys", "The device has published no prekeys.");
    return { id: row.id, publicKey: row.publicKey, signature: row.signature };
  };
  return { ec: of("ec"), kyber: of("kyber_last_resort") };
}

/** The one-time prekeys of each kind. Only those for Kyber are signed. */
interface OneTimePreKeys {
  readonly ec: PreKey;
  readonly kyber: SignedPreKey;
}

/**
 * Removes the oldest one-time prekey and returns it. Skips prekeys that another request is taking.
 */
export async function takeOneTime<K extends keyof OneTimePreKeys>(
  client: Client,
  device: DeviceId,
  kind: K,
): Promise<OneTimePreKeys[K] | undefined> {
  const { rows } = await client.query<OneTimePreKeys[K]>(
    `with taken as (
       select id, public_key, signature from one_time_prekeys
       where device = $1 and kind = $2 and public_key is not null
       order by id limit 1 for update skip locked
     ), cleared as (
       update one_time_prekeys set public_key = null, signature = null
       where device = $1 and kind = $2 and id = (select id from taken)
     )
     select id, public_key as "publicKey", signature from taken`,
    [device, kind],
  );
  return rows[0];
}
