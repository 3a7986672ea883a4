import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { refreshServerLogin } from "../../../db/server-login.ts";
import type { AccessTokens } from "../../../identity/tokens/access-token.ts";
import { createDemoTenant } from "../../testkit/demo-tenant.ts";
import { freePort, spawnServer, stopServer, untilReady } from "../../testkit/server-process.ts";
import { serverTokens } from "../../testkit/server-keys.ts";
import { arrangeStorm, type StormDevice } from "./arrange-storm.ts";
import type { StormAssignment } from "./clients.ts";
import { ServerMemory } from "./server-memory.ts";
import type { Seen } from "./storm-client.ts";

export interface StormOptions {
  readonly devices: number;
  /** The number of messages that wait for each device. */
  readonly waiting: number;
  readonly seed: number;
}

/** The result of a storm. */
export interface StormReport extends StormOptions {
  /** The number of devices that were told that they have caught up. */
  readonly synced: number;
  /**
   * The number of events that they received: the messages, and for each device the one that created
   * its conversation.
   */
  readonly delivered: number;
  readonly outOfOrder: number;
  readonly reconnections: number;
  /** The time from the first connection until the last device has caught up. */
  readonly milliseconds: number;
  /** The server's resident memory before, and its maximum while the devices caught up. */
  readonly memoryBeforeMiB: number;
  readonly memoryAtMostMiB: number;
}

/** The clients are spread over several processes, because one would be slower than the server. */
const processes = 2;

/** Runs one server, and devices that all come back at one moment with messages waiting for them. */
export async function runStorm(
  options: StormOptions,
  progress: (line: string) => void,
): Promise<StormReport> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-storm-"));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const cleanUp = async () => {
    for (const close of closers.splice(0).toReversed()) await close().catch(() => undefined);
  };
  const leave = () => void cleanUp().finally(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, leave);
  try {
    // The database's own user must be able to reach its folder.
    await chmod(folder, 0o755);
    const home = join(folder, "home");
    await mkdir(home);
    const cluster = await startEmbeddedPostgres(join(folder, "postgres"), { fsync: "off" });
    closers.push(() => cluster.stop());
    await migrate(cluster.ownerUrl);
    await createDemoTenant(home, cluster.ownerUrl);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = await spawnServer(home, port, {
      DATABASE_URL: await refreshServerLogin(cluster.ownerUrl),
      DATABASE_OWNER_URL: cluster.ownerUrl,
      LOG_LEVEL: "error",
    });
    closers.push(() => stopServer(server));
    await untilReady(server, url);
    const place = { home, ownerUrl: cluster.ownerUrl };
    progress(`registering ${options.devices} devices`);
    const devices = await arrangeStorm(place, options.devices, options.waiting);
    const tokens = await serverTokens({ ...place, url });
    const files = await assign(folder, url, devices, options, tokens);
    const clients = await Promise.all(files.map(startClients));
    closers.push(async () => clients.forEach((each) => each.kill("SIGKILL")));
    const memory = await ServerMemory.watch(server);
    closers.push(() => memory.close());
    progress("all connect");
    return { ...options, ...(await storm(clients, memory)) };
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await cleanUp();
  }
}

async function storm(
  clients: readonly ChildProcess[],
  memory: ServerMemory,
): Promise<Omit<StormReport, keyof StormOptions>> {
  const beganMs = performance.now();
  const answers = clients.map((each) => messageOf<readonly Seen[]>(each));
  for (const each of clients) each.send("go");
  const seen = (await Promise.all(answers)).flat();
  const milliseconds = Math.round(performance.now() - beganMs);
  await memory.close();
  const sum = (count: (one: Seen) => number) => seen.reduce((total, one) => total + count(one), 0);
  return {
    synced: seen.length,
    delivered: sum(({ delivered }) => delivered),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    reconnections: sum(({ reconnections }) => reconnections),
    milliseconds,
    memoryBeforeMiB: memory.beforeMiB,
    memoryAtMostMiB: memory.atMostMiB,
  };
}

async function assign(
  folder: string,
  url: string,
  devices: readonly StormDevice[],
  { seed }: StormOptions,
  tokens: AccessTokens,
): Promise<readonly string[]> {
  const nowMs = Date.now();
  const files: string[] = [];
  for (let number = 0; number < processes; number++) {
    const own = devices.filter((_, index) => index % processes === number);
    const clients = await Promise.all(
      own.map(async (device) => {
        const { tenant, user, session, thumbprint } = device;
        const claims = { tenant, user, role: "agent" as const, session, thumbprint };
        const { accessToken } = await tokens.issue(claims, nowMs, nowMs + 3_600_000);
        return { device, accessToken };
      }),
    );
    const assignment: StormAssignment = { url, seed: seed + number, clients };
    const file = join(folder, `clients-${number}.json`);
    await writeFile(file, JSON.stringify(assignment), { mode: 0o600 });
    files.push(file);
  }
  return files;
}

/** Resolves when the process is ready to connect. */
async function startClients(file: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("clients.js", import.meta.url));
  const child = fork(program, [file], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  await messageOf(child);
  return child;
}

/**
 * Returns the process's next message.
 * @throws Error if it ends instead
 */
async function messageOf<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  try {
    const ended = once(child, "exit", { signal: over.signal }).then(() => {
      throw new Error("The clients ended by themselves.");
    });
    const message = once(child, "message", { signal: over.signal }) as Promise<[T]>;
    ended.catch(() => undefined);
    message.catch(() => undefined);
    const [answer] = await Promise.race([message, ended]);
    return answer;
  } finally {
    over.abort();
  }
}
