import type { Progress, Scale } from "../options.ts";
import type { Measured } from "../report.ts";
import { CLIENTS, measureActions } from "./measure-actions.ts";
import { measureLog } from "./measure-log.ts";

const ENTRIES = 1_000_000;

/**
 * Measures what auditing costs an act, and how fast a log of a million entries is integrated,
 * exported and verified.
 */
export async function runAuditBench(scale: Scale, progress: Progress): Promise<Measured> {
  const actions = await measureActions(scale, progress);
  const log = await measureLog(Math.round(ENTRIES * scale.share), progress);
  const { tiles, jsonl } = log.exports;
  const { search } = log;
  return {
    figures: { clients: CLIENTS, ...scale, actions, log },
    table: [
      ["what", "figure"],
      ...actions.map(({ action, perSecond, perSecondWithoutAudit }) => [
        `${action}, actions/s with and without audit`,
        `${perSecond} / ${perSecondWithoutAudit}`,
      ]),
      ["integrated and signed, entries/s", log.integratedPerSecond],
      ["exported as tiles, entries/s", tiles.entriesPerSecond],
      ["exported as jsonl, entries/s", jsonl.entriesPerSecond],
      [
        "search for one entry, without and with the index, ms",
        `${search.withoutIndexMs} / ${search.withIndexMs}`,
      ],
      ["first page of a search that everything matches, ms", search.firstPageMs],
      ["index of an entry, us of CPU / bytes", `${search.buildMicros} / ${search.bytesPerEntry}`],
      [`${log.entries} entries verified, s / MiB`, `${log.verify.seconds} / ${log.verify.peakMiB}`],
    ],
    goals: [
      ...actions.map(({ action, overhead }) => ({
        name: `share that auditing takes of ${action}`,
        value: overhead,
        atMost: 0.25,
      })),
      {
        name: "entries integrated and signed a second",
        value: log.integratedPerSecond,
        atLeast: 20_000,
      },
      {
        name: `seconds to verify ${log.entries} entries`,
        value: log.verify.seconds,
        atMost: 30,
      },
      {
        name: `MiB to verify ${log.entries} entries`,
        value: log.verify.peakMiB,
        atMost: 512,
      },
    ],
  };
}
