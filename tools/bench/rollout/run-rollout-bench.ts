import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { migrate } from "../../../db/migrate.ts";
import { createPool } from "../../../db/pool.ts";
import { refreshServerLogin } from "../../../db/server-login.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { connectDevice, newDeviceHome, type DeviceHome } from "../../testkit/connect-device.ts";
import { createDemoTenant, DEMO_TENANT } from "../../testkit/demo-tenant.ts";
import { People } from "../../testkit/people.ts";
import { freePort, spawnServer, stopServer, untilReady } from "../../testkit/server-process.ts";
import { closing, type Closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { median, round } from "../statistics.ts";
import { startHAProxy } from "./haproxy.ts";
import { recordedSockets, type SocketRecord } from "./recorded-socket.ts";
import { startTalk, type Talk } from "./talk.ts";

const CUSTOMERS = 6;
const LIMIT_MS = 1_000;
const TENANT = DEMO_TENANT;

/** The effect of one rolling restart on messages. */
interface Rollout {
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
  readonly slowestMs: number;
  /** The slowest in the seconds before it, when nothing was restarted: what the machine takes anyhow. */
  readonly slowestBeforeMs: number;
  /** Devices that were told to go and were not let in elsewhere when their node's process ended. */
  readonly leftBehind: number;
  /** The number of closed sockets by code. 3001 means "go to another node". */
  readonly closes: Readonly<Record<string, number>>;
}

/** Two nodes behind HAProxy are restarted one after the other, while an agent and customers talk. */
export const runRolloutBench = (scale: Scale, progress: Progress): Promise<Measured> =>
  closing(async (started) => {
    const rounds: Rollout[] = [];
    const site = await openSite(started);
    for (let turn = 0; turn < scale.rounds; turn++) {
      const rollout = await rollOut(site);
      progress(`slowest of ${rollout.sent} messages: ${rollout.slowestMs} ms`);
      rounds.push(rollout);
    }
    const of = (what: Exclude<keyof Rollout, "closes">) => median(rounds.map((each) => each[what]));
    const total = (what: "lost" | "doubled") => rounds.reduce((sum, each) => sum + each[what], 0);
    return {
      figures: { devices: CUSTOMERS + 1, nodes: 2, rounds },
      table: [
        ["rolling restart of 2 nodes", "messages", "slowest, ms", "before, ms", "lost", "doubled"],
        [
          "median",
          of("sent"),
          of("slowestMs"),
          of("slowestBeforeMs"),
          total("lost"),
          total("doubled"),
        ],
      ],
      goals: [
        { name: "slowest message, ms", value: of("slowestMs"), atMost: LIMIT_MS },
        { name: "messages lost", value: total("lost"), atMost: 0 },
        { name: "messages doubled", value: total("doubled"), atMost: 0 },
      ],
    };
  });

interface Site {
  readonly url: string;
  readonly folder: string;
  readonly people: People;
  /** The process of each node, by its number. */
  readonly nodes: ChildProcess[];
  startNode(number: number): Promise<void>;
  /** Resolves when the balancer sends connections to all nodes. */
  allUp(): Promise<void>;
}

async function openSite(started: Closing): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-rollout-"));
  started.add({ close: () => rm(folder, { recursive: true, force: true }) });
  // The database's own user must be able to reach its folder.
  await chmod(folder, 0o755);
  const home = join(folder, "home");
  await mkdir(home);
  const cluster = await startEmbeddedPostgres(join(folder, "postgres"));
  started.add({ close: () => cluster.stop() });
  const { ownerUrl } = cluster;
  await migrate(ownerUrl);
  await createDemoTenant(home, ownerUrl);
  const port = await freePort();
  const ports = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    DATABASE_URL: await refreshServerLogin(ownerUrl),
    DATABASE_OWNER_URL: ownerUrl,
    PUBLIC_URL: url,
    SHUTDOWN_DELAY_SECONDS: "3",
  };
  const nodes: ChildProcess[] = [];
  const startNode = async (number: number) => {
    const node = await spawnServer(home, ports[number] as number, settings);
    nodes[number] = node;
    await untilReady(node, `http://127.0.0.1:${ports[number]}`);
  };
  started.add({ close: async () => void (await Promise.allSettled(nodes.map(stopServer))) });
  await Promise.all([startNode(0), startNode(1)]);
  const proxy = started.add(await startHAProxy(folder, port, ports));
  const { people, ...rest } = await openPeople(home, ownerUrl, url);
  started.add(rest);
  return { url, folder, people, nodes, startNode, allUp: () => proxy.allUp() };
}

async function openPeople(home: string, ownerUrl: string, publicUrl: string) {
  const pool = createPool(ownerUrl, { max: 2 });
  const atRest = await AtRest.open(home, ownerUrl);
  const tenant = await findTenant(pool, TENANT);
  if (tenant === undefined) throw new Error("The database has no demo tenant.");
  const { profiles } = atRest;
  return {
    people: await People.open({ home, ownerUrl, tenant, profiles, publicUrl }),
    async close() {
      await atRest.close();
      await pool.end();
    },
  };
}

async function rollOut(site: Site): Promise<Rollout> {
  return closing(async (started) => {
    await site.allUp();
    const devices: (readonly SocketRecord[])[] = [];
    const connect = async (home: DeviceHome, credentials: Parameters<typeof connectDevice>[2]) => {
      const { webSocket, records } = recordedSockets();
      devices.push(records);
      const { sealdesk } = await connectDevice(site.url, home, credentials, { webSocket });
      return started.add(sealdesk);
    };
    const { username, password } = await site.people.newAgent("Agent");
    const staff = { grant: "password", tenant: TENANT, username, password } as const;
    const agent = await connect(newDeviceHome(site.folder), staff);
    const talks: Talk[] = [];
    for (let number = 0; number < CUSTOMERS; number++) {
      const token = site.people.newCustomer();
      const customer = await connect(newDeviceHome(site.folder), {
        grant: "customer_token",
        tenant: TENANT,
        token,
      });
      const asked = await customer.openConversation({ with: [agent.user.id] });
      let answered = agent.conversation(asked.id);
      for (; answered === undefined; answered = agent.conversation(asked.id)) await wait(20);
      // Sessions and sending keys are made before anything is measured.
      await Promise.all([asked.send("hello"), answered.send("hello")]);
      talks.push(started.add(startTalk(asked, answered)));
      talks.push(started.add(startTalk(answered, asked)));
    }
    await wait(BEFORE_MS);
    const slowestBeforeMs = slowestOf(talks);
    const leftBehind = (await restart(site, 0, devices)) + (await restart(site, 1, devices));
    const sent = await Promise.all(talks.map((talk) => talk.finish()));
    await received(talks, sent);
    const took = talks.reduce((count, { tookMs }) => count + tookMs.size, 0);
    const total = sent.reduce((sum, each) => sum + each, 0);
    return {
      sent: total,
      lost: total - took,
      doubled: talks.reduce((sum, talk) => sum + talk.doubled(), 0),
      slowestMs: slowestOf(talks),
      slowestBeforeMs,
      leftBehind,
      closes: countCloses(devices.flat()),
    };
  });
}

function countCloses(records: readonly SocketRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { closeCode } of records)
    if (closeCode !== undefined) counts[closeCode] = (counts[closeCode] ?? 0) + 1;
  return counts;
}

const slowestOf = (talks: readonly Talk[]): number =>
  round(Math.max(0, ...talks.flatMap(({ tookMs }) => [...tookMs.values()])));

const BEFORE_MS = 3_000;
const RECEIVED_WITHIN_MS = 30_000;

/** Waits for sent messages to be received. Those that have not arrived by then are lost. */
async function received(talks: readonly Talk[], sent: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + RECEIVED_WITHIN_MS;
  const isAll = () => talks.every(({ tookMs }, index) => tookMs.size === sent[index]);
  while (!isAll() && performance.now() < deadlineMs) await wait(20);
}

/** Restarts one node. @returns how many devices were on no node when its process had ended */
async function restart(
  site: Site,
  number: number,
  devices: readonly (readonly SocketRecord[])[],
): Promise<number> {
  const node = site.nodes[number] as ChildProcess;
  const ended = once(node, "exit");
  node.kill("SIGTERM");
  await ended;
  const leftBehind = devices.filter((records) => {
    const last = records.at(-1);
    return last?.opened !== true || last.closeCode !== undefined;
  }).length;
  await site.startNode(number);
  await site.allUp();
  return leftBehind;
}
