import type { Pool } from "../../db/pool.ts";
import type { CaseMachine } from "../../policies/case-machine.ts";
import type { CaseKind, Step, StepContext } from "../../workflows/cases/case-kind.ts";

/** A machine with every sort of state: a state worked off in parts, one that waits for a person, and two ends. */
export const sampleMachine = {
  kind: "sample",
  first: "received",
  states: {
    received: { next: ["working"], isRun: true },
    working: { next: ["working", "checking"], isRun: true },
    checking: { next: ["finishing", "refused"] },
    finishing: { next: ["done"], isRun: true, isDestructive: true },
    done: { next: [] },
    refused: { next: [] },
  },
} as const satisfies CaseMachine;

/** The tables of the sample: what steps do in their transaction, and a service that commits on its own. */
export const SAMPLE_TABLES = `
  create table sealdesk.sample_effects (case_id uuid, step integer, state text);
  create table sealdesk.sample_service (key text primary key, calls integer not null default 1);
  grant select, insert on sealdesk.sample_effects to sealdesk_app;
  grant select, insert, update on sealdesk.sample_service to sealdesk_app`;

/** The moments of a step: before it calls the service, after that, and when only the commit is missing. */
export type Moment = "begun" | "called" | "worked";

/** The number of parts of the state that is worked off in parts. */
const PARTS = 3;

/** Creates the kind of the sample. @param at is told of each moment of each step, and may fail or end the process */
export function createSampleCase(
  pool: Pool,
  at: (moment: Moment, context: StepContext) => Promise<void> = async () => undefined,
): CaseKind {
  const worked =
    (next: (context: StepContext) => Promise<string>): Step =>
    async (context) => {
      const { client, found, key } = context;
      await at("begun", context);
      await pool.query(
        `insert into sealdesk.sample_service as s (key) values ($1)
         on conflict (key) do update set calls = s.calls + 1`,
        [key],
      );
      await at("called", context);
      await client.query("insert into sample_effects values ($1, $2, $3)", [
        found.id,
        found.step,
        found.state,
      ]);
      const to = await next(context);
      await at("worked", context);
      return { to };
    };
  return {
    machine: sampleMachine,
    steps: {
      received: worked(async () => "working"),
      working: worked(async ({ client, found }) => {
        const { rowCount } = await client.query(
          "select from sample_effects where case_id = $1 and state = 'working'",
          [found.id],
        );
        return (rowCount ?? 0) < PARTS ? "working" : "checking";
      }),
      finishing: worked(async () => "done"),
    },
  };
}
