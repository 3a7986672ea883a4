import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly url: string;
  /**
   * Asks it to stop together with its database.
   * @throws Error if that fails or does not happen
   */
  stop(): Promise<void>;
}

const startMs = 90_000;
const stopMs = 60_000;
const unlimited = "1000000,1000000";

/** A device in a tool sends as many messages in a second as a person sends in a day. */
const withoutLimits = {
  REQUEST_LIMIT: unlimited,
  STAFF_REQUEST_LIMIT: unlimited,
  TENANT_REQUEST_LIMIT: unlimited,
  MESSAGE_LIMIT: unlimited,
  STAFF_MESSAGE_LIMIT: unlimited,
  ACCOUNT_MESSAGE_LIMIT: unlimited,
  TENANT_MESSAGE_LIMIT: unlimited,
  CONVERSATION_LIMIT: unlimited,
  TENANT_CONVERSATION_LIMIT: unlimited,
  ACCOUNT_FRAME_LIMIT: unlimited,
  ACCOUNT_BYTE_LIMIT: "999999999,999999999",
};

/** Settings of a server with the limits that it has by default. */
export const defaultLimits: ServerSettings = Object.fromEntries(
  Object.keys(withoutLimits).map((name) => [name, undefined]),
);

/** The file with the server's whole output, in its SEALDESK_HOME. */
const logName = "server-process.log";

/** Settings that differ from the server's defaults for development. */
export type ServerSettings = Readonly<Record<string, string | undefined>>;

/**
 * Runs the built server as its own process in development mode, with its embedded database unless
 * told otherwise, and waits until it is ready.
 * @param home its SEALDESK_HOME
 * @throws Error with the end of its output, if it does not start
 */
export async function startServer(
  home: string,
  settings: ServerSettings = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await spawnServer(home, port, settings);
  try {
    await untilReady(server, url);
  } catch (cause) {
    await stopServer(server).catch(() => undefined);
    throw new Error(`The server did not start.\n${await serverLogTail(home)}`, { cause });
  }
  return { url, stop: () => stopServer(server) };
}

/** Starts the process and does not wait for the server. The caller handles signals to it. */
export async function spawnServer(
  home: string,
  port: number,
  settings: ServerSettings,
): Promise<ChildProcess> {
  const log = await open(join(home, logName), "a", 0o600);
  const main = fileURLToPath(new URL("../../server/main.js", import.meta.url));
  const server = spawn(process.execPath, [main], {
    cwd: home,
    env: {
      ...environment(),
      NODE_ENV: "development",
      SEALDESK_HOME: home,
      HOST: "127.0.0.1",
      PORT: String(port),
      // Devices say which network they come from; see `connect-device.ts`.
      TRUSTED_PROXIES: "127.0.0.1",
      ...withoutLimits,
      ...settings,
    },
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  return server;
}

/**
 * Returns only the variables that a process needs to run at all. They contain no setting of a
 * server that is configured here.
 */
function environment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "SystemRoot"];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

/**
 * Resolves when the server at `url` is ready.
 * @throws Error if it ends or is late
 */
export async function untilReady(server: ChildProcess, url: string): Promise<void> {
  const deadlineMs = Date.now() + startMs;
  while (!hasEnded(server) && Date.now() < deadlineMs) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await wait(100);
  }
  throw new Error(hasEnded(server) ? "It ended." : "It is not ready.");
}

/** @throws Error if it does not stop, or stops with an error */
export async function stopServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = once(server, "exit", { signal: AbortSignal.timeout(stopMs) });
  server.kill("SIGTERM");
  await ended.catch(() => {
    server.kill("SIGKILL");
    throw new Error("The server did not stop.");
  });
  if (server.exitCode !== 0) throw new Error("The server stopped with an error.");
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Returns the last lines of output of the server of this SEALDESK_HOME. */
export const serverLogTail = async (home: string): Promise<string> =>
  (await readFile(join(home, logName), "utf8")).split("\n").slice(-20).join("\n");

/** Returns a port of 127.0.0.1 that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
