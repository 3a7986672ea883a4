import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import type { AccessTokens } from "../../keys/tokens/access-token.ts";
import { startServer } from "../../rig/server-process.ts";
import { serverTokens } from "../../rig/server-keys.ts";

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
  return {
    url: server.url,
    ownerUrl,
    tokens: await serverTokens({ home, ownerUrl, url: server.url }),
    async close() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
