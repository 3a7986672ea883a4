import { runBytes } from "../search/text-runs.ts";
import type { FileReplayed } from "./replay-file.ts";
import { isFlawless, sum } from "./verdict.ts";

/** The JSON line at the end of a replay. */
export type Report = Readonly<Record<string, number>>;

export function reportOf({ replayed, failures, search, seconds }: FileReplayed): Report {
  const total = (count: (each: FileReplayed["replayed"][number]) => number) =>
    replayed.reduce((whole, each) => whole + count(each), 0);
  return {
    conversations: replayed.length,
    failed: failures.length,
    messages: total(({ messages }) => messages),
    ...sum(replayed.map(({ verdict }) => verdict)),
    plaintextFoundInDatabase: search.found.length,
    problems: total(({ complaints }) => complaints.length),
    attemptsWithoutRight: total(({ attempts }) => attempts),
    connectionsCut: total(({ faults }) => faults.cut),
    devicesReopened: total(({ faults }) => faults.closed),
    runsSearched: search.runs,
    runsLeftOut: new Set(search.known.map(({ run }) => run)).size,
    bytesSearched: search.tableBytes + search.fileBytes,
    seconds,
  };
}

/** Returns whether everything is correct. */
export const isGood = ({ replayed, failures, search }: FileReplayed): boolean =>
  failures.length === 0 &&
  search.found.length === 0 &&
  replayed.every(({ verdict, complaints }) => isFlawless(verdict) && complaints.length === 0);

/** Everything that is wrong, one line each. */
export function listFailures({ replayed, failures, search }: FileReplayed): readonly string[] {
  return [
    ...failures.map(({ number, reason }) => `Dialogue ${number} was not completed: ${reason}`),
    ...replayed.flatMap(({ number, complaints }) =>
      complaints.map((complaint) => `Dialogue ${number}: ${complaint}`),
    ),
    ...search.found.map(({ run, place }) => `${JSON.stringify(run)} is in ${place}`),
  ];
}

const megabytes = (bytes: number | undefined): string => `${Math.round((bytes ?? 0) / 1e6)} MB`;

/** Returns the report in words. */
export function summaryOf(report: Report, { search }: FileReplayed): string {
  const known = [...new Set(search.known.map(({ run }) => JSON.stringify(run)))];
  return `
${report["conversations"]} conversations of ${report["messages"]} messages in ${report["seconds"]} s, over real sockets to a server process.
${report["connectionsCut"]} times a connection was cut, ${report["devicesReopened"]} times a device was closed and opened from its store.

shown to those entitled to it, in order, byte for byte   ${report["opened"]}
lost ${report["lost"]}, duplicated ${report["duplicated"]}, out of order ${report["outOfOrder"]}, altered ${report["altered"]}
opened without the right to, in ${report["attemptsWithoutRight"]} attempts with all packets   ${report["openedWithoutRight"]}

${megabytes(search.tableBytes)} of tables and ${megabytes(search.fileBytes)} of files (heap, write-ahead log, server's log) were searched for the
${report["runsSearched"]} different runs of ${runBytes} bytes in those messages; those of fewer than 4 different bytes do not count.
found ${report["plaintextFoundInDatabase"]}; a text planted for the purpose was found.
${known.length} runs were there before the first message was sent, in PostgreSQL's own tables and log, and do
not count${known.length === 0 ? "" : `: ${known.slice(0, 5).join(" ")} ...`}
`;
}
