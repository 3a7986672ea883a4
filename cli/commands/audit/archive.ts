import { addSignatures } from "../../../audit/archive/add-signatures.ts";
import { archiveLog } from "../../../audit/archive/archive-log.ts";
import type { ArchiveStore } from "../../../audit/archive/archive-store.ts";
import { directoryArchive } from "../../../audit/archive/directory-archive.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { checkedLog } from "../../../audit/read/checked-log.ts";
import { cosignedAt } from "../../../audit/verify/cosignature.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { parseNote, type NoteSignature } from "../../../audit/verify/note.ts";
import {
  askWitness,
  type SubmittedHead,
  type Witness,
} from "../../../audit/witness/ask-witness.ts";
import { parseWitness } from "../../../audit/witness/parse-witness.ts";
import { WitnessError } from "../../../audit/witness/witness-error.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { progressBar } from "../../progress.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { auditReading } from "./audit-reading.ts";
import { withLog, type LogChoice } from "./open-log.ts";

export interface ArchiveOptions extends LogChoice {
  /** Exactly one of `out` and `bucket` is given. */
  readonly out?: string;
  readonly bucket?: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly retainDays: string;
  /** Each is `vkey@url`, a witness that is asked to cosign the archived head. */
  readonly witness?: readonly string[];
}

const DAY_MS = 86_400_000;

/** Adds new entries of a log to an archive. Run it as often as the archive may lag behind. */
export async function archiveCommand(settings: Settings, options: ArchiveOptions): Promise<string> {
  const witnesses = (options.witness ?? []).map(parseWitness);
  return withLog(settings, options, async (log, { pool }) => {
    await auditReading(settings, pool, log, options, { action: "audit.archive" });
    const store = await openStore(options);
    const bar = progressBar("files");
    try {
      const source = {
        read: (path: string) =>
          inTransaction(pool, log.log, (client) => checkedLog(client, log).source.read(path)),
      };
      const { size } = log.checkpoint;
      const rootOver = rangeRoots(nodeChecks.sha256, source, size);
      const head = { note: log.note, head: log.checkpoint, rootOver };
      const signed = parseNote(log.note);
      const others = witnesses.filter(
        ({ key }) => cosignedAt(nodeChecks, signed, key) === undefined,
      );
      const { answers, failures } = await askWitnesses(others, head);
      const count = witnesses.length - failures.length;
      const keys = witnesses.map(({ key }) => key);
      const note = addSignatures(log.note, answers, keys);
      const written = await archiveLog(
        store,
        { ...log, note, source, witnesses: keys },
        (done, total) => bar.update(done, total),
      );
      const archived = `Archived ${log.origin} up to entry ${size}: ${written} files written.`;
      const cosigned = witnesses.length === 0 ? [] : [`${count} witnesses cosigned.`];
      return [archived, ...cosigned, ...failures].join("\n");
    } finally {
      bar.end();
      await store.close();
    }
  });
}

/** A witness that does not answer or refuses is reported, and does not stop the archiving. */
async function askWitnesses(
  witnesses: readonly Witness[],
  submitted: SubmittedHead,
): Promise<{ readonly answers: readonly NoteSignature[]; readonly failures: readonly string[] }> {
  const answers: NoteSignature[] = [];
  const failures: string[] = [];
  for (const witness of witnesses)
    try {
      // The witness itself reports what it saw.
      answers.push(await askWitness(witness, submitted, 0));
    } catch (error) {
      if (!(error instanceof WitnessError)) throw error;
      failures.push(error.message);
    }
  return { answers, failures };
}

/** The AWS SDK is loaded only for S3: it is large. */
async function openStore(options: ArchiveOptions): Promise<ArchiveStore> {
  const { out, bucket, region, endpoint, tenant = "operator" } = options;
  if ((out === undefined) === (bucket === undefined))
    throw new CommandError("Give one archive: either --out <folder> or --bucket <name>.");
  if (bucket === undefined) return directoryArchive(out ?? "");
  const retainMs = Number(options.retainDays) * DAY_MS;
  if (!(retainMs >= DAY_MS)) throw new CommandError("--retain-days takes a number of days.");
  const { s3Archive } = await import("../../../audit/archive/s3-archive.ts");
  const prefix = `audit-archive/${tenant}/`;
  return s3Archive({ bucket, prefix, region, endpoint, retainMs, now: Date.now });
}
