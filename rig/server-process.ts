import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly url: string;
  /** Asks it to stop, and with it its database. @throws Error when it fails or does not. */
  stop(): Promise<void>;
}

const startMs = 90_000;
const stopMs = 60_000;

/** The server's whole output, within its SEALDESK_HOME. */
const logName = "demo-server.log";

/**
 * Runs the built server as a process of its own, in development mode and with its embedded
 * database, and waits until it is ready.
 * @param home its SEALDESK_HOME
 * @throws Error with the end of its output when it does not come up
 */
export async function startServer(home: string): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(home, logName);
  const log = await open(logFile, "a", 0o600);
  const main = fileURLToPath(new URL("../../server/main.js", import.meta.url));
  const server = spawn(process.execPath, [main], {
    cwd: home,
    env: {
      ...environment(),
      NODE_ENV: "development",
      SEALDESK_HOME: home,
      HOST: "127.0.0.1",
      PORT: String(port),
      // The demo's devices say through which network they come: see `connect-device.ts`.
      TRUSTED_PROXIES: "127.0.0.1",
    },
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  try {
    await ready(server, url);
  } catch (cause) {
    await stop(server).catch(() => undefined);
    throw new Error(`The server did not come up.\n${await tail(logFile)}`, { cause });
  }
  return { url, stop: () => stop(server) };
}

/** Only what a process needs to run at all: no setting of a server that is configured here. */
function environment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "TEMP", "SystemRoot"];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

async function ready(server: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + startMs;
  while (server.exitCode === null && Date.now() < deadline) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await wait(100);
  }
  throw new Error(server.exitCode === null ? "It is not ready." : "It ended.");
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit", { signal: AbortSignal.timeout(stopMs) });
  server.kill("SIGTERM");
  await ended.catch(() => {
    server.kill("SIGKILL");
    throw new Error("The server did not stop.");
  });
  if (server.exitCode !== 0) throw new Error("The server stopped with an error.");
}

const tail = async (file: string): Promise<string> =>
  (await readFile(file, "utf8")).split("\n").slice(-20).join("\n");

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
