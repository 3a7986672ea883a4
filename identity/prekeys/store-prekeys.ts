import type { Client } from "../../db/pool.ts";
import type { TenantId, DeviceId } from "../../crypto/wire/ids.ts";
import { IdentityError } from "../identity-error.ts";
import { countPreKeys } from "./count-prekeys.ts";
import {
  MAX_UNUSED_PREKEYS,
  assertUpload,
  preKeyDigest,
  reused,
  type PreKey,
  type PreKeyUpload,
  type SignedPreKey,
} from "./prekey.ts";

interface Owner {
  readonly tenant: TenantId;
  readonly device: DeviceId;
  /** Signs the prekeys. */
  readonly identityKey: Uint8Array;
}

/**
 * Stores an upload in the caller's transaction: replaces the signed and last-resort prekeys and
 * adds the one-time ones. With `replace`, these take the place of unused ones. It is idempotent, so
 * an upload can be repeated.
 * @throws IdentityError invalid_prekey, too_many_prekeys, prekey_id_reused
 */
export async function storePreKeys(
  client: Client,
  owner: Owner,
  upload: PreKeyUpload,
): Promise<void> {
  assertUpload(upload, owner.identityKey);
  await storeSigned(client, owner, "ec", upload.signedPreKey);
  await storeSigned(client, owner, "kyber_last_resort", upload.lastResortKyberPreKey);
  if (upload.replace) await withdraw(client, owner, upload);
  await storeOneTime(client, owner, "ec", upload.preKeys);
  await storeOneTime(client, owner, "kyber", upload.kyberPreKeys);
  await forgetUsed(client, owner);
  const unused = await countPreKeys(client, owner.device);
  if (Math.max(unused.preKeys, unused.kyberPreKeys) > MAX_UNUSED_PREKEYS)
    throw new IdentityError(
      "too_many_prekeys",
      `A device has at most ${MAX_UNUSED_PREKEYS} unused one-time prekeys of a kind.`,
    );
}

async function storeSigned(
  client: Client,
  { tenant, device }: Owner,
  kind: "ec" | "kyber_last_resort",
  { id, publicKey, signature }: SignedPreKey,
): Promise<void> {
  // A new key needs a higher id. The same id may only repeat the same key.
  const { rowCount } = await client.query(
    `insert into signed_prekeys as old (tenant, device, kind, id, public_key, signature)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (device, kind) do update
       set id = excluded.id, public_key = excluded.public_key, signature = excluded.signature
       where excluded.id > old.id
          or (excluded.id, excluded.public_key) = (old.id, old.public_key)`,
    [tenant, device, kind, id, publicKey, signature],
  );
  if (rowCount === 0) throw reused();
}

/**
 * Withdraws unused one-time prekeys of earlier uploads. The device has lost count of the used ones.
 */
async function withdraw(client: Client, { device }: Owner, upload: PreKeyUpload): Promise<void> {
  const ids = [...upload.preKeys, ...upload.kyberPreKeys].map(({ id }) => id);
  await client.query(
    `update one_time_prekeys set public_key = null, signature = null
     where device = $1 and public_key is not null and id <> all($2::bigint[])`,
    [device, ids],
  );
}

/**
 * The number of used one-time prekeys of a kind that are remembered, so that their ids are not used
 * again.
 */
const MAX_USED_PREKEYS = 2_000;

/** Forgets the used prekeys with the lowest ids. A device numbers its prekeys upwards. */
async function forgetUsed(client: Client, { device }: Owner): Promise<void> {
  for (const kind of ["ec", "kyber"])
    await client.query(
      `delete from one_time_prekeys where device = $1 and kind = $2 and public_key is null
         and id <= (select id from one_time_prekeys where device = $1 and kind = $2
           and public_key is null order by id desc offset $3 limit 1)`,
      [device, kind, MAX_USED_PREKEYS],
    );
}

async function storeOneTime(
  client: Client,
  { tenant, device }: Owner,
  kind: "ec" | "kyber",
  preKeys: readonly (PreKey | SignedPreKey)[],
): Promise<void> {
  if (preKeys.length === 0) return;
  const ids = preKeys.map(({ id }) => id);
  const digests = preKeys.map((preKey) => Buffer.from(preKeyDigest(preKey)));
  await client.query(
    `insert into one_time_prekeys (tenant, device, kind, id, public_key, signature, digest)
     select $1, $2, $3, * from unnest($4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[])
     on conflict (device, kind, id) do nothing`,
    [
      tenant,
      device,
      kind,
      ids,
      preKeys.map(({ publicKey }) => Buffer.from(publicKey)),
      preKeys.map((preKey) => ("signature" in preKey ? Buffer.from(preKey.signature) : null)),
      digests,
    ],
  );
  const { rowCount } = await client.query(
    `select from unnest($3::bigint[], $4::bytea[]) as sent (id, digest)
     join one_time_prekeys kept on kept.device = $1 and kept.kind = $2 and kept.id = sent.id
     where kept.digest <> sent.digest limit 1`,
    [device, kind, ids, digests],
  );
  if (rowCount === 1) throw reused();
}
