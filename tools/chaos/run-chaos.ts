import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { SeededRandom } from "../testkit/seeded-random.ts";
import { openBackend, type Backend } from "./backend/open-backend.ts";
import { arrangeDevices, type Arrangement } from "./devices/arrange.ts";
import { WorkerPool } from "./devices/worker-pool.ts";
import { readJournal } from "./journal/journal-file.ts";
import type { Journal } from "./journal/journal-line.ts";
import { injectFaults } from "./faults.ts";
import type { Options } from "./options.ts";
import type { Outcome } from "./report.ts";
import { judge, type Verdict } from "./verdict/judge.ts";
import { readLog } from "./verdict/read-log.ts";
import { nilId, type DeviceId } from "../../crypto/wire/ids.ts";

/** libsignal and password hashing take long on a machine that is busy with other things. */
const enrolMs = 600_000;
const meetMs = 180_000;
/** Longer than it takes to detect that a connection is half open. */
const calmDownMs = 150_000;
const lookEveryMs = 500;

type Progress = (line: string) => void;

/**
 * Runs everything in a temporary folder. The folder is also removed when the process is told to
 * end.
 */
export async function runChaos(options: Options, progress: Progress): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-chaos-"));
  const closers: (() => Promise<unknown>)[] = [];
  const cleanUp = async () => {
    for (const close of closers.splice(0).toReversed()) await close().catch(() => undefined);
    if (options.keep) progress(`left behind: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  };
  const leave = () => void cleanUp().finally(() => process.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, leave);
  try {
    progress("starting database and relays");
    const backend = await openBackend(folder, options);
    closers.push(() => backend.close());
    progress("making accounts");
    const arrangement = await arrangeDevices(folder, backend, options);
    const workers = new WorkerPool(arrangement.files);
    closers.push(() => workers.dismiss());
    return await live(options, progress, { backend, arrangement, workers });
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await cleanUp();
  }
}

interface World {
  readonly backend: Backend;
  readonly arrangement: Arrangement;
  readonly workers: WorkerPool;
}

/**
 * Everybody signs in and meets, talks through all faults, and says goodbye. Then everything is
 * compared.
 */
async function live(
  { seconds, seed, devices, nodes }: Options,
  progress: Progress,
  world: World,
): Promise<Outcome> {
  const { backend, arrangement, workers } = world;
  workers.start();
  progress(`${devices} devices sign in`);
  await until(enrolMs, "signing in", async () =>
    (await readJournals(arrangement)).every(({ device }) => device !== undefined),
  );
  workers.enter("meet");
  progress("conversations begin");
  await until(meetMs, "beginning", async () =>
    (await readJournals(arrangement)).every(({ met }) => met),
  );
  workers.enter("talk");
  progress(`faults for ${seconds} s`);
  const random = new SeededRandom(seed);
  const faults = await injectFaults({ backend, workers, random, progress }, seconds);
  progress("calm");
  workers.enter("goodbye");
  const complaints = await calmDown(world);
  if (!(await workers.end())) complaints.push("devices did not close");
  const verdict = await look(world);
  const refusals = (await readJournals(arrangement)).flatMap((journal) => journal.refusals);
  complaints.push(
    ...workers.crashes,
    ...backend.relays.flatMap(({ crashes }) => crashes),
    ...new Set(refusals),
  );
  return { verdict, faults, complaints, seconds, seed, nodes };
}

/** Waits until everybody's last message is in the log and everybody was shown everything. */
async function calmDown(world: World): Promise<string[]> {
  try {
    await until(calmDownMs, "calming down", async () => {
      const journals = await readJournals(world.arrangement);
      if (!journals.every(({ saidGoodbye }) => saidGoodbye)) return false;
      return (await look(world)).lost === 0;
    });
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function look({ backend, arrangement }: World): Promise<Verdict> {
  const journals = await readJournals(arrangement);
  const byDevice = new Map(
    journals.map((journal) => [journal.device ?? nilId<DeviceId>(), journal]),
  );
  return judge(await readLog(backend.administrator, backend.atRest), byDevice);
}

const readJournals = ({ journals }: Arrangement): Promise<readonly Journal[]> =>
  Promise.all(journals.map(readJournal));

/** @throws Error if it does not become true in time */
async function until(limitMs: number, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > deadlineMs) throw new Error(`${what} took over ${limitMs / 1000} s`);
    await wait(lookEveryMs);
  }
}
