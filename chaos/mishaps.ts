import { setTimeout as wait } from "node:timers/promises";
import type { SeededRandom } from "../rig/seeded-random.ts";
import type { Backend } from "./backend/open-backend.ts";
import type { Crew } from "./devices/crew.ts";

/** How often something happened. */
export interface MishapCounts {
  relaysKilled: number;
  workersKilled: number;
  relaysPaused: number;
  /** Connections of the relay to its database that were ended. */
  databaseConnectionsEnded: number;
  /** Connections of devices that were cut. */
  connectionsCut: number;
}

interface Targets {
  readonly backend: Pick<Backend, "relay" | "network" | "administrator" | "serverLogin">;
  readonly crew: Crew;
  readonly random: SeededRandom;
}

type Mishap = (targets: Targets, counts: MishapCounts) => Promise<void>;

/** Milliseconds from one mishap to the next. */
const shortestCalmMs = 300;
const longestCalmMs = 2_000;
const longestPauseMs = 2_000;

/** Each as often as it stands here. */
const mishaps: readonly Mishap[] = [
  killRelay,
  killRelay,
  killWorker,
  killWorker,
  killWorker,
  endDatabaseConnections,
  endDatabaseConnections,
  endDatabaseConnections,
  cutConnections,
  cutConnections,
  cutConnections,
  pauseRelay,
];

/** Lets one thing after the other happen for so many seconds; the same ones for the same seed. */
export async function wreak(targets: Targets, seconds: number): Promise<MishapCounts> {
  const counts: MishapCounts = {
    relaysKilled: 0,
    workersKilled: 0,
    relaysPaused: 0,
    databaseConnectionsEnded: 0,
    connectionsCut: 0,
  };
  const { random } = targets;
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const calmMs = shortestCalmMs + random.below(longestCalmMs - shortestCalmMs);
    await wait(Math.min(calmMs, deadline - Date.now()));
    await random.pick(mishaps)(targets, counts);
  }
  return counts;
}

async function killRelay({ backend }: Targets, counts: MishapCounts): Promise<void> {
  counts.relaysKilled++;
  await backend.relay.kill();
}

async function killWorker({ crew, random }: Targets, counts: MishapCounts): Promise<void> {
  counts.workersKilled++;
  await crew.kill(random.below(crew.size));
}

/** One of them, or all. */
async function endDatabaseConnections(
  { backend, random }: Targets,
  counts: MishapCounts,
): Promise<void> {
  const { rowCount } = await backend.administrator.query(
    `select pg_terminate_backend(pid) from (
       select pid from pg_stat_activity where usename = $1 order by md5(pid || $2) limit $3) doomed`,
    [backend.serverLogin, String(random.next()), random.happens(0.5) ? 1 : 1000],
  );
  counts.databaseConnectionsEnded += rowCount ?? 0;
}

/** Of a few devices, of half of them, or of all. */
async function cutConnections({ backend, random }: Targets, counts: MishapCounts): Promise<void> {
  const share = random.pick([0.1, 0.5, 1]);
  counts.connectionsCut += backend.network.cut(() => random.happens(share));
}

async function pauseRelay({ backend, random }: Targets, counts: MishapCounts): Promise<void> {
  counts.relaysPaused++;
  backend.relay.pause(random.below(longestPauseMs));
}
