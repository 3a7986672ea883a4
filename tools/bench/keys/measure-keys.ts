import { randomUUID } from "node:crypto";
import pg from "pg";
import { createPool } from "../../../db/pool.ts";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { rewrapSubjectKeys, rotateKek } from "../../../keys/at-rest/rotate-kek.ts";
import type { Scope } from "../../../keys/at-rest/scope.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { latencyOf, round } from "../statistics.ts";
import {
  parseId,
  type TenantId,
  type UserId,
  type ConversationId,
} from "../../../crypto/wire/ids.ts";

const SUBJECTS = 2_000;
/** Passes over the keys in memory. */
const PASSES = 50;

/** Measures keys from memory, keys from the keystore, and re-wrapping, under one key service. */
export async function measureKeys(
  kms: Kms,
  ownerUrl: string,
  progress: (line: string) => void,
): Promise<Record<string, unknown>> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const tenant = parseId<TenantId>(randomUUID());
  await owner.query(
    "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, $2, 'Bench', 0)",
    [tenant, `bench-${kms.name}`],
  );
  const data = createPool(ownerUrl, { max: 2 });
  const trees: KeyTree[] = [];
  const openTree = async () => {
    const options = { url: ownerUrl, kms, now: Date.now, onLost: () => undefined };
    const tree = await openKeyTree(options);
    trees.push(tree);
    return tree;
  };
  try {
    const first = await openTree();
    const scopes = Array.from({ length: SUBJECTS }, (): Scope => ({
      conversation: parseId<ConversationId>(randomUUID()),
      subject: parseId<UserId>(randomUUID()),
      author: parseId<UserId>(randomUUID()),
      period: 700,
    }));
    const made = await timed(() => inTwoHundreds(first, tenant, scopes));
    const hit = await timed(async () => {
      for (let pass = 0; pass < PASSES; pass++) await inTwoHundreds(first, tenant, scopes);
    });
    const batched = await timed(async () => inTwoHundreds(await openTree(), tenant, scopes));
    const alone = await openTree();
    const waits: number[] = [];
    for (const scope of scopes.slice(0, 300))
      waits.push(await timed(() => alone.scopes.forWriting(tenant, [scope])));
    progress(
      `${kms.name}: keys from memory ${perSecond(hit / PASSES)}/s, from the keystore ${perSecond(batched)}/s`,
    );
    await rotateKek({ ...first, data }, tenant);
    const rewrapped = await timed(() => rewrapSubjectKeys({ ...first, data }, tenant));
    progress(`${kms.name}: re-wrapped ${perSecond(rewrapped)} keys/s`);
    return {
      scopeKeys: {
        madeInBatchesPerSecond: perSecond(made),
        fromMemoryPerSecond: perSecond(hit / PASSES),
        fromKeystoreInBatchesPerSecond: perSecond(batched),
        fromKeystoreAlone: latencyOf(waits),
      },
      rewrap: { keys: SUBJECTS, keysPerSecond: perSecond(rewrapped) },
    };
  } finally {
    await Promise.all([...trees.map((tree) => tree.close()), data.end(), owner.end()]);
  }
}

async function inTwoHundreds(tree: KeyTree, tenant: TenantId, scopes: readonly Scope[]) {
  for (let at = 0; at < scopes.length; at += 200)
    await tree.scopes.forWriting(tenant, scopes.slice(at, at + 200));
}

const perSecond = (ms: number): number => round((SUBJECTS / ms) * 1000);

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
