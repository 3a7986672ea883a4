import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import type { AccessTokens } from "../../../identity/tokens/access-token.ts";
import { startServer, type ServerSettings } from "../../testkit/server-process.ts";
import { serverTokens } from "../../testkit/server-keys.ts";
import { Probe } from "./probe.ts";

export interface SealdeskServer {
  readonly url: string;
  readonly ownerUrl: string;
  /** Signs tokens as the server does, with the server's keys. */
  readonly tokens: AccessTokens;
  readonly probe: Probe;
  close(): Promise<void>;
}

const bareStorage = new URL("./bare-storage/hook.js", import.meta.url).href;

/**
 * Starts the server as `npm start` runs it, in its own process and folder.
 * @param options.bareStorage runs it without the outer envelope and the audit log, so that their
 *   cost is the difference
 * @param options.settings differ from those of a tool's server, which has no limits
 */
export async function startSealdesk(
  options: { readonly bareStorage?: boolean; readonly settings?: ServerSettings } = {},
): Promise<SealdeskServer> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const probe = new Probe(options.bareStorage === true ? [bareStorage] : []);
  const server = await startServer(home, {
    LOG_LEVEL: "error",
    ...probe.environment,
    ...options.settings,
  });
  const { ownerUrl } = await startEmbeddedPostgres(join(home, "postgres"));
  return {
    url: server.url,
    ownerUrl,
    tokens: await serverTokens({ home, ownerUrl, url: server.url }),
    probe,
    async close() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
