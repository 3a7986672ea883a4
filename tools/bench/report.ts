import { describeMachine } from "./machine.ts";

/** A goal of a benchmark: a figure and its lower or upper limit. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

type JudgedGoal = Goal & { readonly met: boolean };

/** A benchmark's result: figures for programs, rows for people. */
export interface Measured {
  readonly figures: Readonly<Record<string, unknown>>;
  /** A Markdown table. The first row is its head. */
  readonly table: readonly (readonly (string | number)[])[];
  readonly goals: readonly Goal[];
}

const judge = (goal: Goal): JudgedGoal => ({
  ...goal,
  met: goal.value >= (goal.atLeast ?? -Infinity) && goal.value <= (goal.atMost ?? Infinity),
});

/** Prints one JSON object, or the table and the goals in the form of docs/performance.md. */
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
