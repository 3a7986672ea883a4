import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { measureKeys } from "./measure-keys.ts";
import { BODY_BYTES, measureSealing } from "./measure-sealing.ts";
import { measureShredding } from "./measure-shredding.ts";
import { openServices } from "./services.ts";

/**
 * Measures sealing on one core and bare AES-GCM; keys from memory and from the keystore, and
 * re-wrapping, under each available key service; and destroying a subject with few and with many
 * messages.
 */
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
    const services = await openServices(home);
    const keys: Record<string, unknown> = {};
    for (const kms of services) keys[kms.name] = await measureKeys(kms, cluster.ownerUrl, progress);
    const [local] = services;
    const shredding = local && (await measureShredding(local, cluster.ownerUrl, progress));
    await Promise.all(services.map((kms) => kms.close()));
    return { bodyBytes: BODY_BYTES, secondsPerLoad: seconds, sealing, keys, shredding };
  } finally {
    await cluster.stop();
    await rm(home, { recursive: true, force: true });
  }
}
