import { randomBytes } from "node:crypto";
import { SeededRandom } from "../../testkit/seeded-random.ts";
import { withBackend, type Backend } from "../backend/open-backend.ts";
import { BackendSearch, type SearchResult } from "../search/search-backend.ts";
import { defaultFaults } from "./faults.ts";
import { signInSomebody } from "./participants.ts";
import { planOf, type Plan } from "./plan.ts";
import { readDialogues, type Dialogue, customer } from "./read-dialogues.ts";
import { replayDialogue, type Replayed, type ReplayDeps } from "./replay-dialogue.ts";
import { isFlawless } from "./verdict.ts";

export interface ReplayOptions {
  readonly file: string;
  readonly limit: number | undefined;
  readonly keep: string | undefined;
  readonly seed: number;
}

/** Receives the progress of a replay. */
export interface Progress {
  start(conversations: number): void;
  done(): void;
  stop(): void;
}

/** A conversation that could not be completed. */
export interface Failure {
  readonly number: number;
  readonly reason: string;
}

export interface FileReplayed {
  readonly replayed: readonly Replayed[];
  readonly failures: readonly Failure[];
  readonly search: SearchResult;
  readonly seconds: number;
}

const atATime = 4;

/**
 * Replays the dialogues of a file, then searches for their text in everything that the server kept.
 * @throws Error if the file cannot be read, the server does not run, or a check is blind
 */
export async function replayFile(
  { file, limit, keep, seed }: ReplayOptions,
  progress: Progress,
): Promise<FileReplayed> {
  const startedMs = Date.now();
  const dialogues = await readDialogues(file, limit);
  try {
    return await withBackend(keep, async (backend) => {
      const texts = dialogues.flatMap(({ lines }) => lines.map(({ text }) => text));
      const search = new BackendSearch(backend, texts);
      const deps = await prepare(backend);
      await search.before();
      progress.start(dialogues.length);
      const { replayed, failures } = await replayAll(deps, dialogues, seed, progress);
      progress.stop();
      const result = await search.after();
      const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
      return { replayed, failures, search: result, seconds };
    });
  } finally {
    progress.stop();
  }
}

type SharedDeps = Omit<ReplayDeps, "random" | "faultsPerLine">;

/** Prepares an outsider's device, and a rehearsal that must succeed. */
async function prepare(backend: Backend): Promise<SharedDeps> {
  const { administrator, atRest } = backend;
  const outsider = await signInSomebody(backend, "Outsider", true);
  await outsider.switchOff();
  const deps = { backend, administrator, atRest, outsider: outsider.home };
  const random = new SeededRandom(0);
  const { verdict, complaints } = await replayDialogue(
    { ...deps, random, faultsPerLine: 0.5 },
    rehearsal(),
  );
  if (!isFlawless(verdict) || complaints.length > 0)
    throw new Error(`The rehearsal already failed: ${complaints.join("; ")}`);
  return deps;
}

async function replayAll(
  deps: SharedDeps,
  dialogues: readonly Dialogue[],
  seed: number,
  progress: Progress,
) {
  const replayed: Replayed[] = [];
  const failures: Failure[] = [];
  const waiting = dialogues.values();
  const work = async () => {
    for (const dialogue of waiting) {
      const { number } = dialogue;
      const random = new SeededRandom(seed * 1_000_003 + number);
      try {
        const chance = { random, faultsPerLine: defaultFaults };
        replayed.push(await replayDialogue({ ...deps, ...chance }, planOf(dialogue)));
      } catch (error) {
        failures.push({ number, reason: error instanceof Error ? error.message : String(error) });
      }
      progress.done();
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return { replayed, failures };
}

const lineCount = 16;

/**
 * Returns a conversation of random text with every event that occurs in the others. What the
 * database, its log files and the server's log hold afterwards is their own vocabulary and does not
 * come from any dialogue.
 */
function rehearsal(): Plan {
  const lines = Array.from({ length: lineCount }, (_, index) => ({
    speaker: index % 2 === 0 ? "Doctor" : customer,
    text: randomBytes(45).toString("base64url"),
  }));
  // Number 0 is handed over in the middle, like every tenth one.
  return planOf({ number: 0, lines });
}
