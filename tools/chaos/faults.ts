import { setTimeout as wait } from "node:timers/promises";
import { SeededRandom } from "../testkit/seeded-random.ts";
import type { Direction } from "../testkit/tcp-proxy.ts";
import type { Backend } from "./backend/open-backend.ts";
import type { WorkerPool } from "./devices/worker-pool.ts";

/** The number of times that each fault happened. */
export interface FaultCounts {
  relaysKilled: number;
  workersKilled: number;
  redisKilled: number;
  relaysPaused: number;
  /** Ended connections from relays to their database. */
  databaseConnectionsEnded: number;
  /** Cut connections of devices. */
  connectionsCut: number;
  /** Connections of devices that dropped traffic, in one direction or both. */
  connectionsHalfOpened: number;
  /** The number of times that the network was slow. */
  slowTimes: number;
}

interface Targets {
  readonly backend: Pick<Backend, "relays" | "redis" | "network" | "administrator" | "serverLogin">;
  readonly workers: WorkerPool;
  readonly random: SeededRandom;
  readonly progress: (line: string) => void;
}

/** Resolves when the fault has happened, with its later effects. */
type Fault = (targets: Targets, counts: FaultCounts) => Promise<Aftermath | void>;
type Aftermath = { readonly aftermath: Promise<void> };

/** The shortest time in milliseconds between two faults. */
const shortestCalmMs = 300;
const longestCalmMs = 2_000;
const longestPauseMs = 2_000;
const longestRedisOutageMs = 5_000;
const longestSlowTimeMs = 4_000;
const mostLatencyMs = 150;
const longestSilenceMs = 10_000;
const tellEveryMs = 30_000;

/** A fault is as frequent as it appears here. */
const faults: readonly Fault[] = [
  killRelay,
  killRelay,
  killWorker,
  killWorker,
  killWorker,
  killRedis,
  endDatabaseConnections,
  endDatabaseConnections,
  cutConnections,
  cutConnections,
  halfOpenConnections,
  halfOpenConnections,
  slowDown,
  pauseRelay,
];

/**
 * Makes faults happen one after another for this many seconds. The same seed gives the same
 * faults.
 */
export async function injectFaults(targets: Targets, seconds: number): Promise<FaultCounts> {
  const counts: FaultCounts = {
    relaysKilled: 0,
    workersKilled: 0,
    redisKilled: 0,
    relaysPaused: 0,
    databaseConnectionsEnded: 0,
    connectionsCut: 0,
    connectionsHalfOpened: 0,
    slowTimes: 0,
  };
  const { random, progress } = targets;
  const beganMs = Date.now();
  const deadlineMs = beganMs + seconds * 1000;
  const aftermaths = new Set<Promise<void>>();
  let tellAtMs = beganMs + tellEveryMs;
  while (Date.now() < deadlineMs) {
    const calmMs = shortestCalmMs + random.below(longestCalmMs - shortestCalmMs);
    await wait(Math.min(calmMs, deadlineMs - Date.now()));
    const outcome = await random.pick(faults)(targets, counts);
    if (outcome !== undefined) keep(aftermaths, outcome.aftermath);
    if (Date.now() < tellAtMs) continue;
    tellAtMs += tellEveryMs;
    progress(`${Math.round((Date.now() - beganMs) / 1000)} s: ${JSON.stringify(counts)}`);
  }
  await Promise.all(aftermaths);
  return counts;
}

function keep(aftermaths: Set<Promise<void>>, aftermath: Promise<void>): void {
  const one = aftermath.finally(() => aftermaths.delete(one));
  aftermaths.add(one);
}

async function killRelay({ backend, random }: Targets, counts: FaultCounts): Promise<void> {
  counts.relaysKilled++;
  await random.pick(backend.relays).kill();
}

async function killWorker({ workers, random }: Targets, counts: FaultCounts): Promise<void> {
  counts.workersKilled++;
  await workers.kill(random.below(workers.size));
}

/** Redis comes back empty after a while. Nothing else goes wrong meanwhile. */
async function killRedis({ backend, random }: Targets, counts: FaultCounts): Promise<void> {
  const outageMs = random.below(longestRedisOutageMs);
  if (backend.redis === undefined) return;
  counts.redisKilled++;
  await backend.redis.kill();
  await wait(outageMs);
  await backend.redis.restart();
}

/** Ends one of them, or all. */
async function endDatabaseConnections(
  { backend, random }: Targets,
  counts: FaultCounts,
): Promise<void> {
  const { rowCount } = await backend.administrator.query(
    `select pg_terminate_backend(pid) from (
       select pid from pg_stat_activity where usename = $1 order by md5(pid || $2) limit $3) doomed`,
    [backend.serverLogin, String(random.next()), random.happens(0.5) ? 1 : 1000],
  );
  counts.databaseConnectionsEnded += rowCount ?? 0;
}

/**
 * Picks with its own random numbers, so that the current count does not change what happens next.
 */
function someOf(share: number, random: SeededRandom): () => boolean {
  const own = new SeededRandom(random.below(2 ** 31));
  return () => own.happens(share);
}

/** Cuts a few devices, half of them, or all. */
async function cutConnections({ backend, random }: Targets, counts: FaultCounts): Promise<void> {
  const share = random.pick([0.1, 0.5, 1]);
  counts.connectionsCut += backend.network.cut(someOf(share, random));
}

/**
 * Affects a few devices or half of them. After a while the connections are reset or left as they
 * are.
 */
async function halfOpenConnections(
  { backend, random }: Targets,
  counts: FaultCounts,
): Promise<Aftermath | void> {
  const share = random.pick([0.1, 0.5]);
  const directions = random.pick<readonly Direction[]>([["up"], ["down"], ["up", "down"]]);
  const resetsAfterMs = random.happens(0.5) ? random.below(longestSilenceMs) : undefined;
  const { count, reset } = backend.network.silence(someOf(share, random), directions);
  counts.connectionsHalfOpened += count;
  if (resetsAfterMs !== undefined) return { aftermath: wait(resetsAfterMs).then(reset) };
}

/** Delays the traffic of devices for a while. */
async function slowDown({ backend, random }: Targets, counts: FaultCounts): Promise<Aftermath> {
  const [latencyMs, forMs] = [1 + random.below(mostLatencyMs), random.below(longestSlowTimeMs)];
  counts.slowTimes++;
  backend.network.slowDown(latencyMs);
  return { aftermath: wait(forMs).then(() => backend.network.slowDown(0)) };
}

async function pauseRelay({ backend, random }: Targets, counts: FaultCounts): Promise<void> {
  counts.relaysPaused++;
  random.pick(backend.relays).pause(random.below(longestPauseMs));
}
