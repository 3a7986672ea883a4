import { setTimeout as pause } from "node:timers/promises";
import type { CheckpointLocation } from "../../../../audit/checkpoints/open-store.ts";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import { parseApprovers } from "../../../../audit/verify/approvers.ts";
import { LogError } from "../../../../audit/verify/log-error.ts";
import { parseVkey } from "../../../../audit/verify/note.ts";
import { parseWitness } from "../../../../audit/witness/parse-witness.ts";
import type { Print } from "../../../output.ts";
import { CommandError } from "../../../settings.ts";
import { askCredentials, openAuditorSession, type AuditorSession } from "../auditor-session.ts";
import { LogRefused, logFiles } from "../log-files.ts";
import { headsElsewhere, type Elsewhere } from "./heads-elsewhere.ts";
import { paced } from "./paced.ts";
import { Silence } from "./silence.ts";
import { watchMemory } from "./watch-memory.ts";
import { verifyRound, type RoundAnswer } from "./verify-round.ts";

export interface WatchOptions {
  readonly vkey: string;
  /** A folder for this watcher alone. */
  readonly state: string;
  /** The folder, or `s3://` and the bucket, of the server's outside checkpoints. */
  readonly checkpoints?: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly archive?: readonly string[];
  /** Each is `vkey@url`. */
  readonly witness?: readonly string[];
  /** Hours for which a witness may keep a smaller head than the one verified last. */
  readonly cosignedWithin: string;
  /** The verifier keys of the people who may approve a restore. */
  readonly approver?: readonly string[];
  readonly prunedBelow: string;
  readonly tenant?: string;
  readonly username?: string;
  /** What the log is read for, with an account. */
  readonly purpose?: string;
  /** Seconds between two looks at the log. */
  readonly every: string;
  /** Hours between two readings of every entry. */
  readonly wholeEvery: string;
  /** Hours in which the log must grow; 2 by default if the watcher signs in, else without limit. */
  readonly growsWithin?: string;
  /** Minutes without an answer from the log or from those who keep heads. */
  readonly silentAfter: string;
  readonly once?: true;
}

/** For how long a log may be behind a head that another keeps, in milliseconds. */
const BEHIND_MS = 30_000;
/**
 * Reading over HTTP leaves an entry in each hour. So a log that does not grow is not the one that others
 * are shown.
 */
const READING_GROWS_HOURS = "2";
const S3 = "s3://";

/**
 * Verifies a log again and again until it is stopped, and compares it with the heads that others keep.
 * It keeps the head that it verified last, and continues from there after a kill.
 * @param stopped ends the watching
 * @throws LogError that names the first place with a fault; Silence; CommandError
 */
export async function watchLog(
  place: string,
  options: WatchOptions,
  print: Print,
  stopped: AbortSignal,
): Promise<void> {
  const key = parseVkey(nodeChecks.sha256, options.vkey);
  const [everyMs, wholeEveryMs, silentAfterMs] = [
    durationMs("--every", options.every, 1_000),
    durationMs("--whole-every", options.wholeEvery, 3_600_000),
    durationMs("--silent-after", options.silentAfter, 60_000),
  ];
  const prunedBelow = Number(options.prunedBelow);
  if (!Number.isSafeInteger(prunedBelow) || prunedBelow < 0)
    throw new CommandError("--pruned-below takes the index of the first entry that is kept.");
  const { approver, checkpoints, archive: archives = [], witness = [] } = options;
  const approvers = approver === undefined ? [] : parseApprovers(nodeChecks.sha256, approver);
  const elsewhere: Elsewhere = {
    checkpoints: checkpoints === undefined ? undefined : locationOf(checkpoints, options),
    archives,
    witnesses: witness.map(parseWitness),
    cosignedWithinMs: durationMs("--cosigned-within", options.cosignedWithin, 3_600_000),
  };
  const credentials = await askCredentials(place, options);
  const { growsWithin = credentials && READING_GROWS_HOURS } = options;
  const growsWithinMs =
    growsWithin === undefined ? Infinity : durationMs("--grows-within", growsWithin, 3_600_000);
  const graceMs = silentAfterMs + BEHIND_MS;
  const pace = {
    graceMs,
    mostMs: Math.max(graceMs, wholeEveryMs),
    steady: () => performance.now(),
  };
  const memory = watchMemory(options.state, key);
  let session: AuditorSession | undefined;
  let answeredAtMs = performance.now();
  let said: string | undefined;

  async function look(): Promise<void> {
    if (credentials !== undefined)
      session ??= await openAuditorSession(credentials.server, credentials);
    const [remembered, nowMs] = [await memory.read(), Date.now()];
    // A clock that was put back must not put the whole reading off.
    const isRecent = Math.abs(nowMs - (remembered?.wholeAtMs ?? Infinity)) < wholeEveryMs;
    const others = await headsElsewhere(elsewhere, key, remembered?.head);
    const log = paced(logFiles(place, session?.fetch), pace);
    const answer = await verifyRound(log, {
      key,
      approvers,
      last: remembered?.head,
      isWhole: !isRecent,
      prunedBelow,
      elsewhere: others,
      behindMs: BEHIND_MS,
    });
    await memory.write(answer.signed, isRecent ? undefined : nowMs);
    if (Date.now() - (await memory.grewAtMs()) > growsWithinMs)
      throw new Silence(
        `${key.name} has not grown for ${growsWithin} hours: it has ${answer.head.size} entries. Ask the server's operator, or somebody else who reads it, for its checkpoint.`,
      );
    for (const line of linesOf(answer)) await print(line);
  }

  try {
    while (!stopped.aborted) {
      try {
        await look();
        answeredAtMs = performance.now();
        said = undefined;
      } catch (error) {
        if ([LogError, LogRefused, Silence].some((kind) => error instanceof kind)) throw error;
        await endQuietly(session);
        session = undefined;
        const why = error instanceof Error ? error.message : String(error);
        if (options.once === true || performance.now() - answeredAtMs >= silentAfterMs)
          throw new Silence(`${key.name} could not be verified: ${why}`, { cause: error });
        if (why !== said) await print(`Not verified, and tried again: ${why}`);
        said = why;
      }
      if (options.once === true) return;
      await pause(everyMs, undefined, { signal: stopped }).catch(() => undefined);
    }
  } finally {
    await endQuietly(session);
  }
}

function* linesOf({ head, passed, from }: RoundAnswer): Generator<string> {
  for (const { backupOfMs, reason, continues, published } of passed)
    yield `The log was restored from a backup of ${new Date(backupOfMs).toISOString()}: "${reason}". It had ${published.size} entries and continued after ${continues.size}.`;
  const root = Buffer.from(head.root).toString("base64");
  const added = head.size - from;
  if (from === 0) yield `Verified all ${head.size} entries of ${head.origin}, root ${root}.`;
  else if (added > 0)
    yield `Verified ${added} new entries of ${head.origin}, which has ${head.size}, root ${root}.`;
}

function locationOf(
  place: string,
  { region, endpoint }: Pick<WatchOptions, "region" | "endpoint">,
): CheckpointLocation {
  if (!place.startsWith(S3)) return { kind: "directory", folder: place };
  // Nothing is written, so nothing is locked.
  return { kind: "s3", bucket: place.slice(S3.length), region, endpoint, retainMs: 0 };
}

const endQuietly = (session: AuditorSession | undefined) => session?.end().catch(() => undefined);

function durationMs(option: string, text: string, unitMs: number): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number))
    throw new CommandError(`${option} takes a number above 0.`);
  return number * unitMs;
}
