import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { TestServer } from "./server.ts";

/** The built server as a process of its own, beside a test server: the same database and keys. */
export interface SecondNode {
  /** As the test server, except that sockets dial this node. */
  readonly server: TestServer;
  /** Sends SIGTERM. @returns the exit code */
  terminate(): Promise<number | null>;
  /** Sends SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>;
}

const unlimited = "1000000,1000000";

// The built server, as it is deployed: `npm run build` comes before these tests.
const main = fileURLToPath(new URL("../../dist/server/main.js", import.meta.url));

/** Starts it, and waits until it is ready. @param port any free one by default */
export async function startSecondNode(server: TestServer, port?: number): Promise<SecondNode> {
  const chosen = port ?? (await freePort());
  const child = spawn(process.execPath, [main], {
    cwd: server.home,
    env: {
      PATH: process.env["PATH"],
      NODE_ENV: "test",
      SEALDESK_HOME: server.home,
      PORT: String(chosen),
      PUBLIC_URL: server.url,
      DATABASE_URL: server.loginUrl,
      DATABASE_OWNER_URL: server.database.ownerUrl,
      REQUEST_LIMIT: unlimited,
      STAFF_REQUEST_LIMIT: unlimited,
      TENANT_REQUEST_LIMIT: unlimited,
      MESSAGE_LIMIT: unlimited,
      STAFF_MESSAGE_LIMIT: unlimited,
      ACCOUNT_MESSAGE_LIMIT: unlimited,
      CONVERSATION_LIMIT: unlimited,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://127.0.0.1:${chosen}`;
  while ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok !== true) {
    if (child.exitCode !== null) throw new Error("The second node ended.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    server: { ...server, url },
    async terminate() {
      const exited = once(child, "exit") as Promise<[number | null]>;
      child.kill("SIGTERM");
      return (await exited)[0];
    },
    async kill() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
