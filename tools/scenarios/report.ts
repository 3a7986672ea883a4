import type { Played } from "./scenario.ts";

/** Returns a played scenario as one line of JSON. */
export const jsonOf = ({ scenario, counts, failures, seconds }: Played): string =>
  JSON.stringify({
    scenario: scenario.id,
    passed: failures.length === 0,
    seconds,
    ...counts,
    failures,
  });

/** Returns what was counted, and each demand that was not met, for a person to read. */
export function textOf({ scenario, counts, failures, seconds }: Played): string {
  const counted = Object.entries(counts).map(([name, value]) => `${name} ${String(value)}`);
  const verdict = failures.length === 0 ? "passed" : "FAILED";
  return [
    `    ${counted.join(", ")}`,
    ...failures.map((failure) => `    ${failure}`),
    `${scenario.id}  ${verdict} in ${seconds} s`,
  ].join("\n");
}
