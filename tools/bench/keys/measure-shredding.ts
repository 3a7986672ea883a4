import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { uuidFromBytes, type Uuid } from "../../../crypto/wire/uuid.ts";
import {
  parseId,
  type TenantId,
  type UserId,
  type ConversationId,
} from "../../../crypto/wire/ids.ts";
import { rowAssociated } from "../../../keys/at-rest/associated.ts";
import { destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { seal } from "../../../keys/at-rest/envelope.ts";
import { openKeyTree } from "../../../keys/at-rest/key-tree.ts";
import { periodOf } from "../../../crypto/wire/key-period.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { median, round } from "../statistics.ts";
import { timed } from "./measure-keys.ts";

const ROUNDS = 3;
const FEW = 1_000;
const MANY = 200_000;

// All rows have the same ciphertext. Only their number matters here.
const SEED = `
  insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
    client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
    previous_hash)
  select $1, $2, seq, 1, $3, 1, $3, gen_random_uuid(), $4, $5, $6, $6, $6, $6
  from generate_series(1, $7::int8) as seq`;

/**
 * Measures how long it takes to destroy the keys of a subject with few messages, and of one with
 * many.
 */
export async function measureShredding(
  kms: Kms,
  ownerUrl: string,
  progress: (line: string) => void,
): Promise<Record<string, unknown>> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const tenant = parseId<TenantId>(randomUUID());
  await owner.query(
    "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, 'shred', 'Bench', 0)",
    [tenant],
  );
  const tree = await openKeyTree({ url: ownerUrl, kms, now: Date.now, onLost: () => undefined });
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  const by = { actor: { kind: "system" as const, id: "bench" } };
  /** @returns its subject, and the name of the key that seals everything */
  const seed = async (messages: number): Promise<readonly [UserId, Uuid]> => {
    const nowMs = Date.now();
    const period = periodOf(nowMs);
    const scope = {
      conversation: parseId<ConversationId>(randomUUID()),
      subject: parseId<UserId>(randomUUID()),
      author: parseId<UserId>(randomUUID()),
    };
    const [made] = await tree.scopes.forWriting(tenant, [{ ...scope, period }]);
    if (made?.key === undefined) throw new Error("there is a key");
    const place = { tenant, conversation: scope.conversation, seq: 1, period };
    const sealed = seal(made.key, rowAssociated(place), randomBytes(300));
    const values = [tenant, scope.conversation, randomUUID(), nowMs, sealed, randomBytes(32)];
    await owner.query(SEED, [...values, messages]);
    return [scope.subject, uuidFromBytes(made.key.id)];
  };
  const shred = async ([subject, key]: readonly [UserId, Uuid]): Promise<number> => {
    const ms = await timed(() => destroySubjectKeys(deps, tenant, subject, by));
    // Also read from the keystore itself, and not only from memory.
    const fresh = await openKeyTree({ url: ownerUrl, kms, now: Date.now, onLost: () => undefined });
    const found = (await fresh.scopes.forReading(tenant, [key])).get(key);
    await fresh.close();
    if (found === undefined || found.key !== undefined) throw new Error("the key is destroyed");
    return ms;
  };
  try {
    await shred(await seed(1));
    const seeded = [];
    for (let index = 0; index < ROUNDS; index++)
      seeded.push({ few: await seed(FEW), many: await seed(MANY) });
    // Writes what seeding left, so that the measurement below does not wait for it.
    await owner.query("checkpoint");
    const rounds: { few: number; many: number }[] = [];
    for (const { few, many } of seeded)
      rounds.push({ few: await shred(few), many: await shred(many) });
    const fewMs = round(median(rounds.map(({ few }) => few)), 1);
    const manyMs = round(median(rounds.map(({ many }) => many)), 1);
    progress(`keys of ${FEW} messages destroyed in ${fewMs} ms, of ${MANY} in ${manyMs} ms`);
    return {
      rounds: ROUNDS,
      few: { messages: FEW, ms: fewMs },
      many: { messages: MANY, ms: manyMs },
    };
  } finally {
    await tree.close();
    await owner.end();
  }
}
