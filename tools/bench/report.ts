import { describeMachine } from "./machine.ts";

/** One of a benchmark's goals: a figure beside what it is to be at least, or at most. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

type JudgedGoal = Goal & { readonly met: boolean };

/** What a benchmark hands back: figures for programs, rows for people. */
export interface Measured {
  readonly figures: Readonly<Record<string, unknown>>;
  /** A Markdown table; the first row is its head. */
  readonly table: readonly (readonly (string | number)[])[];
  readonly goals: readonly Goal[];
}

const judge = (goal: Goal): JudgedGoal => ({
  ...goal,
  met: goal.value >= (goal.atLeast ?? -Infinity) && goal.value <= (goal.atMost ?? Infinity),
});

/** Prints one JSON object, or the table and the goals, ready to be pasted into docs/performance.md. */
export async function print(bench: string, measured: Measured, json: boolean): Promise<void> {
  const machine = await describeMachine();
  const goals = measured.goals.map(judge);
  if (json)
    return void process.stdout.write(
      `${JSON.stringify({ bench, ...machine, ...measured.figures, goals })}\n`,
    );
  const { commit, at, node, cores, cpu, memoryGiB } = machine;
  const [head = [], ...rows] = measured.table;
  const lines = [
    `${bench} at ${commit}, ${at}: Node ${node}, ${cores} x ${cpu}, ${memoryGiB} GiB`,
    "",
    ...[head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`),
    "",
    ...goals.map(
      ({ name, value, atLeast, atMost, met }) =>
        `${met ? "met" : "MISSED"}: ${name}: ${value} (${atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`})`,
    ),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
