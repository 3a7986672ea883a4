import pg from "pg";
import type { System } from "./system.ts";

const LOCK = "lock table sealdesk.case_steps in share row exclusive mode";
// Only the statement at the end of a step says when it was done.
const WAITING = `
  select case when a.query ~ 'done_at_ms' then 'before_commit' else 'before_step' end as moment
  from pg_locks l join pg_stat_activity a using (pid)
  where l.relation = 'sealdesk.case_steps'::regclass and not l.granted`;

/** Where a server waits at the gate. */
export type Moment = "before_step" | "before_commit";

/**
 * Lets the steps of cases happen one half after the other. The server records a step before it takes it, and when it
 * has done everything but commit: both times it waits here. It is the lock of a database administrator.
 */
export class StepGate {
  readonly #system: System;
  readonly #holder: pg.Client;

  private constructor(system: System, holder: pg.Client) {
    this.#system = system;
    this.#holder = holder;
  }

  static async close(system: System): Promise<StepGate> {
    const holder = new pg.Client({ connectionString: system.ownerUrl });
    holder.on("error", () => undefined);
    await holder.connect();
    await holder.query(`begin; ${LOCK}`);
    return new StepGate(system, holder);
  }

  /** Returns where a server waits; undefined if none does. */
  async moment(): Promise<Moment | undefined> {
    const { rows } = await this.#system.administrator.query<{ moment: Moment }>(WAITING);
    return rows[0]?.moment;
  }

  /** Lets whoever waits pass, and closes the gate behind them. */
  async letOnePass(): Promise<void> {
    await this.#holder.query(`commit; begin; ${LOCK}`);
  }

  async open(): Promise<void> {
    await this.#holder.query("commit");
    await this.#holder.end();
  }
}
