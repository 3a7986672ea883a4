import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { createPool } from "../../db/pool.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import { readKmsSettings } from "../../keys/kms/kms-settings.ts";
import { ServerKeys } from "../../keys/server-keys/server-keys.ts";
import { createAccessTokens, type AccessTokens } from "../../keys/tokens/access-token.ts";
import { startServer } from "../../rig/server-process.ts";

export interface ServerProcess {
  readonly url: string;
  readonly ownerUrl: string;
  /** Signs tokens as the server does, with its own keys. */
  readonly tokens: AccessTokens;
  close(): Promise<void>;
}

/** The server as `npm start` runs it, in a process and a folder of its own. */
export async function startServerProcess(): Promise<ServerProcess> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const server = await startServer(home, { LOG_LEVEL: "error" });
  const { ownerUrl } = await startEmbeddedPostgres(join(home, "postgres"));
  const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
  const pool = createPool(ownerUrl, { max: 1 });
  const keys = await ServerKeys.open({ pool, kms, now: Date.now });
  return {
    url: server.url,
    ownerUrl,
    tokens: createAccessTokens({ keys, issuer: server.url }),
    async close() {
      await pool.end();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
