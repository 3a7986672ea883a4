import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "../../db/embedded-postgres.ts";
import { openLocalKeyring } from "../../keys/local-keyring.ts";
import { createAccessTokens, type AccessTokens } from "../../keys/tokens/access-token.ts";

export interface ServerProcess {
  readonly url: string;
  readonly ownerUrl: string;
  /** Signs tokens as the server does, with its own keyring. */
  readonly tokens: AccessTokens;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** The server as `npm start` runs it, in a process and a folder of its own. */
export async function startServerProcess(): Promise<ServerProcess> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../../server/main.js", import.meta.url))],
    {
      env: { ...process.env, SEALDESK_HOME: home, PORT: String(port), LOG_LEVEL: "error" },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  await waitUntilReady(url, () => child.exitCode !== null);
  const { ownerUrl } = await startEmbeddedPostgres(join(home, "postgres"));
  const keyring = await openLocalKeyring({ home, passphrase: undefined, mustBeSealed: false });
  const { signingKey, verifyingKey } = keyring;
  return {
    url,
    ownerUrl,
    tokens: createAccessTokens({ signingKey, verifyingKey, issuer: url }),
    async close() {
      child.kill("SIGTERM");
      await once(child, "exit");
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function waitUntilReady(url: string, hasExited: () => boolean): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until && !hasExited()) {
    const ready = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server did not become ready");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port could be had");
  return address.port;
}
