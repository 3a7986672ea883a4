import {
  createCipheriv,
  createSecretKey,
  randomBytes,
  randomFillSync,
  randomUUID,
} from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { migrate } from "../../db/migrate.ts";
import { createPool } from "../../db/pool.ts";
import { rowAssociated } from "../../keys/at-rest/associated.ts";
import { open, seal } from "../../keys/at-rest/envelope.ts";
import { openKeyTree, type KeyTree } from "../../keys/at-rest/key-tree.ts";
import { rewrapSubjectKeys, rotateKek } from "../../keys/at-rest/rotate-kek.ts";
import type { Scope } from "../../keys/at-rest/scope.ts";
import { destroySubjectKeys } from "../../keys/at-rest/destroy.ts";
import { readKmsSettings } from "../../keys/kms/kms-settings.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import { latencyOf, round } from "../statistics.ts";

const BODY_BYTES = 300;
const SUBJECTS = 2_000;
/** Over the keys in memory. */
const PASSES = 50;

/** Sealing on one core beside bare AES-GCM, keys from memory and from the keystore, re-wrapping. */
export async function runKeysBench(
  { seconds }: { readonly seconds: number },
  progress: (line: string) => void,
): Promise<Record<string, unknown>> {
  const sealing = measureSealing(seconds);
  progress(`sealed ${sealing.sealedPerSecond}/s, opened ${sealing.openedPerSecond}/s on one core`);
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const cluster = await startEmbeddedPostgres(join(home, "postgres"));
  try {
    await migrate(cluster.ownerUrl);
    const keys = await measureKeys(home, cluster.ownerUrl, progress);
    return { bodyBytes: BODY_BYTES, secondsPerLoad: seconds, sealing, ...keys };
  } finally {
    await cluster.stop();
    await rm(home, { recursive: true, force: true });
  }
}

function measureSealing(seconds: number) {
  const key = { id: randomBytes(16), secret: createSecretKey(randomBytes(32)) };
  const body = randomBytes(BODY_BYTES);
  const place = { tenant: randomUUID(), conversation: randomUUID(), period: 700 };
  let seq = 0;
  const rate = (work: () => unknown): number => {
    for (let warm = 0; warm < 20_000; warm++) work();
    // By the time this process had a core, not by the clock: others share the machine.
    const began = process.cpuUsage();
    let count = 0;
    for (let spent = 0; spent < seconds * 1e6; count += 1000) {
      for (let i = 0; i < 1000; i++) work();
      const { user, system } = process.cpuUsage(began);
      spent = user + system;
    }
    return round(count / seconds);
  };
  const sealed = seal(key, rowAssociated({ ...place, seq: 1 }), body);
  const bare = () => {
    const cipher = createCipheriv("aes-256-gcm", key.secret, randomFillSync(Buffer.alloc(12)));
    const sealedBody = cipher.update(body);
    cipher.final();
    return [sealedBody, cipher.getAuthTag()];
  };
  const bareAesGcmPerSecond = rate(bare);
  const sealedPerSecond = rate(() => seal(key, rowAssociated({ ...place, seq: ++seq }), body));
  const openedPerSecond = rate(() => open(key, rowAssociated({ ...place, seq: 1 }), sealed));
  return {
    bareAesGcmPerSecond,
    sealedPerSecond,
    openedPerSecond,
    sealMicroseconds: round(1e6 / sealedPerSecond, 2),
    ofBareAesGcm: round(sealedPerSecond / bareAesGcmPerSecond, 2),
  };
}

async function measureKeys(home: string, ownerUrl: string, progress: (line: string) => void) {
  const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const tenant = randomUUID();
  await owner.query(
    "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, 'bench', 'Bench', 0)",
    [tenant],
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
      conversation: randomUUID(),
      subject: randomUUID(),
      author: randomUUID(),
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
      `keys from memory ${perSecond(hit / PASSES)}/s, from the keystore ${perSecond(batched)}/s`,
    );
    await rotateKek(first, data, tenant);
    const rewrapped = await timed(() => rewrapSubjectKeys(first, tenant));
    progress(`re-wrapped ${perSecond(rewrapped)} keys/s`);
    const deps = { keystore: first.pool, apart: undefined, now: Date.now };
    const by = { actor: { kind: "system" as const, id: "bench" } };
    const subject = scopes[0]?.subject ?? "";
    const destroyed = await timed(() => destroySubjectKeys(deps, tenant, subject, by));
    return {
      scopeKeys: {
        madeInBatchesPerSecond: perSecond(made),
        fromMemoryPerSecond: perSecond(hit / PASSES),
        fromKeystoreInBatchesPerSecond: perSecond(batched),
        fromKeystoreAlone: latencyOf(waits),
      },
      rewrap: { provider: kms.name, keys: SUBJECTS, keysPerSecond: perSecond(rewrapped) },
      destroySubjectMs: round(destroyed, 1),
    };
  } finally {
    await Promise.all([...trees.map((tree) => tree.close()), data.end(), owner.end()]);
  }
}

async function inTwoHundreds(tree: KeyTree, tenant: string, scopes: readonly Scope[]) {
  for (let at = 0; at < scopes.length; at += 200)
    await tree.scopes.forWriting(tenant, scopes.slice(at, at + 200));
}

const perSecond = (ms: number): number => round((SUBJECTS / ms) * 1000);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
