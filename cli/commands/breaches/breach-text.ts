import { exposures } from "../../../policies/breach/exposure.ts";
import type { ShownBreach } from "../../../workflows/breaches/show-breach.ts";

const timeText = (ms: number): string => new Date(ms).toISOString();

/** Returns a breach as lines for a person. */
export const breachText = (breach: ShownBreach): string =>
  [
    `Breach ${breach.id}: ${breach.description}`,
    `  ${breach.state}${breach.pending === null ? "" : `, pending: ${breach.pending}`}${breach.endedAtMs === null ? "" : `, closed ${timeText(breach.endedAtMs)}`}`,
    "Taken",
    ...breach.taken.map(
      ({ what, atMs, device }) =>
        `  ${what}${device === undefined ? "" : ` ${device}`} as of ${timeText(atMs)}`,
    ),
    "Verdict",
    ...verdictLines(breach.verdict),
    "Clocks",
    ...breach.clocks.map(clockLine),
    "Runbook",
    ...breach.runbook.map(
      ({ step, by, command, doneAtMs }) =>
        `  ${step}  ${doneAtMs === null ? `${by === "server" ? "waits for" : "you run"}: ${command.replace("ID", breach.id)}` : `done ${timeText(doneAtMs)}`}`,
    ),
  ].join("\n");

function verdictLines(verdict: ShownBreach["verdict"]): readonly string[] {
  if (verdict === null)
    return ["  The accounts are being assessed. Every clock counts until then."];
  const { isNoticeDue, accounts, customers, exposed } = verdict;
  return [
    isNoticeDue
      ? `  A notice is due: ${accounts} people, of whom ${customers} are customers.`
      : "  No notice is due by what is exposed.",
    ...exposures.flatMap((each) => {
      const count = exposed[each];
      return count === undefined ? [] : [`  ${each}: ${count} people`];
    }),
  ];
}

const clockLine = ({
  duty,
  state,
  startsAtMs,
  dueAtMs,
  sentAtMs,
  citation,
}: ShownBreach["clocks"][number]): string =>
  [
    `  ${duty}`,
    state.replace("_", " "),
    ...(startsAtMs === null ? [] : [`from ${timeText(startsAtMs)}`]),
    ...(dueAtMs === null ? [] : [`due ${timeText(dueAtMs)}`]),
    ...(sentAtMs === null ? [] : [`sent ${timeText(sentAtMs)}`]),
    citation,
  ].join("  ");
