import { hash, timingSafeEqual } from "node:crypto";
import { inTransaction } from "../../db/transaction.ts";
import type { Client } from "../../db/pool.ts";
import { publishedKeysBytes } from "../../crypto/wire/signed-records.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { countPreKeys } from "./count-prekeys.ts";
import type { PreKeyCount, PreKeyUpload } from "./prekey.ts";
import { storePreKeys } from "./store-prekeys.ts";

/**
 * Publishes prekeys of the actor's own device and returns how many are left.
 * @throws IdentityError device_required, invalid_prekey, too_many_prekeys, prekey_id_reused
 */
export async function uploadPreKeys(
  deps: UseCase,
  actor: Actor,
  upload: PreKeyUpload,
): Promise<PreKeyCount> {
  const device = ownDevice(actor);
  return audited(
    deps,
    actor,
    {
      action: "prekeys.publish",
      resource: { type: "device", id: device },
      isRepeatable: true,
      details: {
        preKeys: upload.preKeys.length,
        kyberPreKeys: upload.kyberPreKeys.length,
        replace: upload.replace,
      },
    },
    async (client) => {
      const identityKey = await identityKeyOf(client, device);
      await storePreKeys(client, { tenant: actor.tenant, device, identityKey }, upload);
      return countPreKeys(client, device);
    },
  );
}

/**
 * Returns how many one-time prekeys the actor's device has left.
 * @throws IdentityError device_required
 */
export async function countOwnPreKeys({ pool }: UseCase, actor: Actor): Promise<PreKeyCount> {
  const device = ownDevice(actor);
  return inTransaction(pool, actor.tenant, (client) => countPreKeys(client, device));
}

/**
 * Compares what the relay would serve for the actor's device with what the device published.
 * @param digest SHA-256 of `publishedKeysBytes`, computed by the device
 * @throws IdentityError device_required, no_prekeys, prekeys_differ
 */
export async function checkPreKeys(
  { pool }: UseCase,
  actor: Actor,
  digest: Uint8Array,
): Promise<void> {
  const device = ownDevice(actor);
  const served = await inTransaction(pool, actor.tenant, (client) => servedKeys(client, device));
  const expected = hash("sha256", publishedKeysBytes(served), "buffer");
  if (digest.length !== expected.length || !timingSafeEqual(digest, expected))
    throw new IdentityError(
      "prekeys_differ",
      "The relay serves other keys than this device published.",
    );
}

function ownDevice(actor: Actor): DeviceId {
  if (actor.device === undefined)
    throw new IdentityError("device_required", "Register this device first.");
  const { tenant, user, role, device } = actor;
  assertAllowed(
    decideDirectory(actor, "publish_prekeys", {
      tenant,
      user,
      role,
      device,
      sharesConversation: true,
    }),
  );
  return device;
}

async function identityKeyOf(client: Client, device: DeviceId): Promise<Uint8Array> {
  const { rows } = await client.query<{ identityKey: Uint8Array }>(
    `select identity_key as "identityKey" from devices where id = $1`,
    [device],
  );
  const [row] = rows;
  if (row === undefined) throw new IdentityError("device_required", "Register this device first.");
  return row.identityKey;
}

async function servedKeys(client: Client, device: DeviceId) {
  const { rows } = await client.query<{
    identityKey: Uint8Array;
    id: number;
    publicKey: Uint8Array;
    kyberId: number;
    kyberPublicKey: Uint8Array;
  }>(
    `select d.identity_key as "identityKey", ec.id, ec.public_key as "publicKey",
       kyber.id as "kyberId", kyber.public_key as "kyberPublicKey"
     from devices d
     join signed_prekeys ec on ec.device = d.id and ec.kind = 'ec'
     join signed_prekeys kyber on kyber.device = d.id and kyber.kind = 'kyber_last_resort'
     where d.id = $1`,
    [device],
  );
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("no_prekeys", "This device has published no prekeys.");
  return {
    identityKey: row.identityKey,
    signedPreKey: { id: row.id, publicKey: row.publicKey },
    lastResortKyberPreKey: { id: row.kyberId, publicKey: row.kyberPublicKey },
  };
}
