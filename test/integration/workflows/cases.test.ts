import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { CaseId, TenantId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { decideMove } from "../../../policies/case-machine.ts";
import { CasePending, type StepContext } from "../../../workflows/cases/case-kind.ts";
import { runDueCases } from "../../../workflows/cases/case-runner.ts";
import { moveCase } from "../../../workflows/cases/move-case.ts";
import { openCase } from "../../../workflows/cases/open-case.ts";
import { repeatStep } from "../../../workflows/cases/repeat-step.ts";
import { showCase } from "../../../workflows/cases/show-cases.ts";
import { lockCase } from "../../../workflows/cases/stored-case.ts";
import {
  createSampleCase,
  SAMPLE_TABLES,
  sampleMachine,
  type Moment,
} from "../../../tools/testkit/sample-case.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

let database: TestDatabase;
let tenant: TenantId;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.owner.query(SAMPLE_TABLES);
  tenant = await arrangeTenant(database);
});
afterAll(() => database.drop());

const operator = () => ({
  tenant,
  operator: { kind: "system", id: "operator", person: { name: "ann", source: "as" } } as const,
});

async function open(): Promise<CaseId> {
  const id = newId<CaseId>();
  await inTransaction(database.pool, tenant, (client) =>
    openCase(client, sampleMachine, { id, subject: null }, Date.now()),
  );
  return id;
}

const show = (id: CaseId) => showCase({ pool: database.pool, now: Date.now }, operator(), id);

/** A person decides. @returns false if the case did not wait for that */
const decide = (id: CaseId, to: string): Promise<boolean> =>
  inTransaction(database.pool, tenant, async (client) => {
    const found = await lockCase(client, id);
    if (!decideMove(sampleMachine, found.state, to).allowed || found.state !== "checking")
      return false;
    await moveCase(client, sampleMachine, found, { to, by: "operator:ann" }, Date.now());
    return true;
  });

/** Lets the time of every retry be over. */
const hurry = () =>
  database.owner.query("update sealdesk.cases set wake_at_ms = 0 where wake_at_ms is not null");

const errors: unknown[] = [];
const node = (
  at?: (moment: Moment, context: StepContext) => Promise<void>,
  now: () => number = Date.now,
) => {
  const kinds = [createSampleCase(database.pool, at)];
  const deps = { pool: database.pool, now, kinds, onError: (error: unknown) => errors.push(error) };
  return { run: () => runDueCases(deps) };
};

/** Checks that each step of a case took effect once, in an order that the machine allows. */
async function assertExactlyOnce(id: CaseId): Promise<void> {
  const { steps, state, step } = await show(id);
  const done = steps.filter(({ next }) => next !== null);
  expect(done.map((each) => each.step)).toEqual(Array.from({ length: step }, (_, index) => index));
  let before: string = sampleMachine.first;
  for (const each of done) {
    expect(each.state).toBe(before);
    expect(decideMove(sampleMachine, before, each.next ?? "")).toMatchObject({ allowed: true });
    before = each.next ?? "";
  }
  expect(state).toBe(before);
  const byServer = done.filter(({ doneBy }) => doneBy === "cases");
  const { rows: effects } = await database.owner.query<{ step: number; state: string }>(
    "select step, state from sealdesk.sample_effects where case_id = $1 order by step",
    [id],
  );
  expect(effects).toEqual(byServer.map((each) => ({ step: each.step, state: each.state })));
  const { rows: entries } = await database.owner.query<{ step: number }>(
    `select (e.entry->'details'->>'step')::integer as step
     from (select convert_from(entry, 'utf8')::jsonb as entry from audit.entries where tenant = $1) e
     where e.entry->>'action' = 'case.step' and e.entry->'resource'->>'id' = $2 order by step`,
    [tenant, id],
  );
  expect(entries).toEqual(byServer.map((each) => ({ step: each.step })));
  const { rows: calls } = await database.owner.query<{ key: string }>(
    "select key from sealdesk.sample_service where key like $1",
    [`${id}:%`],
  );
  expect(calls.map(({ key }) => key)).toEqual(
    expect.arrayContaining(byServer.map((each) => `${id}:${each.step}`)),
  );
}

/** Runs the case to its end without any fault. */
async function finish(id: CaseId): Promise<void> {
  const { run } = node();
  await hurry();
  await run();
  await decide(id, "finishing");
  await run();
  expect(await show(id)).toMatchObject({ pending: null, wakeAtMs: null });
  expect(["done", "refused"]).toContain((await show(id)).state);
}

test("a case goes to its end, and says what it waits for on the way", async () => {
  const id = await open();
  await node().run();
  expect(await show(id)).toMatchObject({
    state: "checking",
    step: 4,
    pending: null,
    wakeAtMs: null,
  });
  expect(await decide(id, "finishing")).toBe(true);
  let isStoreDown = true;
  const { run } = node(async (moment) => {
    if (moment === "called" && isStoreDown) throw new CasePending("attachments");
  });
  await run();
  expect(await show(id)).toMatchObject({ state: "finishing", pending: "attachments" });
  // It is tried again by itself, and by an officer at once.
  isStoreDown = false;
  await run();
  expect(await show(id)).toMatchObject({ state: "finishing", pending: "attachments" });
  await repeatStep({ pool: database.pool, now: Date.now }, operator(), id);
  await run();
  expect(await show(id)).toMatchObject({ state: "done", pending: null });
  await expect(
    repeatStep({ pool: database.pool, now: Date.now }, operator(), id),
  ).rejects.toMatchObject({ code: "case_not_pending" });
  await assertExactlyOnce(id);
});

test("a step that destroys waits while the clocks disagree, and other steps do not", async () => {
  const id = await open();
  const ahead = node(undefined, () => Date.now() + 26 * 3_600_000);
  await ahead.run();
  await decide(id, "finishing");
  await ahead.run();
  expect(await show(id)).toMatchObject({ state: "finishing", pending: "clocks_apart" });
  await finish(id);
});

test("the database refuses a case that moves without the record of its step, or moves after its end", async () => {
  const id = await open();
  const change = (sql: string) =>
    inTransaction(database.pool, tenant, (client) => client.query(sql, [id]));
  const skip = "update cases set state = 'done', step = step + 1 where id = $1";
  await expect(change(skip)).rejects.toThrow(/not recorded/);
  await expect(change("update cases set state = 'done' where id = $1")).rejects.toThrow(
    /not recorded/,
  );
  await finish(id);
  const { rowCount } = await change("update cases set pending = 'x' where id = $1");
  expect(rowCount).toBe(0);
  const again = await change("update case_steps set attempts = 9 where case_id = $1");
  expect(again.rowCount).toBe(0);
});

test("cases of one tenant are hidden from another", async () => {
  const id = await open();
  const other = await arrangeTenant(database);
  await expect(
    showCase({ pool: database.pool, now: Date.now }, { ...operator(), tenant: other }, id),
  ).rejects.toMatchObject({ code: "case_not_found" });
  await finish(id);
});

test("random faults, repeats, two nodes and persons: each step takes effect once, and the case reaches its end", async () => {
  const fault = fc.constantFrom("none", "begun", "called", "worked", "cut" as const);
  const act = fc.constantFrom("run", "both", "repeat", "approve", "refuse" as const);
  const action = fc.record({ act, fault, at: fc.nat(5) });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 10 }), async (actions) => {
      const id = await open();
      for (const each of actions) {
        if (each.act === "approve") await decide(id, "finishing");
        else if (each.act === "refuse") await decide(id, "refused");
        else if (each.act === "repeat")
          await repeatStep({ pool: database.pool, now: Date.now }, operator(), id).catch(
            () => undefined,
          );
        else {
          await hurry();
          const { fault: what, at } = each;
          const faulty = node(async (moment, { found, client }) => {
            if (found.step !== at) return;
            if (moment === what) throw new Error("a fault");
            if (what === "cut" && moment === "worked")
              await client.query("select pg_terminate_backend(pg_backend_pid())");
          });
          await Promise.all([faulty.run(), ...(each.act === "both" ? [node().run()] : [])]);
        }
        await assertExactlyOnce(id);
      }
      await finish(id);
      await assertExactlyOnce(id);
    }),
    { seed: 20_250_131, numRuns: 25 },
  );
});

describe("processes that are killed", () => {
  const program = fileURLToPath(
    new URL("../../../dist/tools/testkit/case-process.js", import.meta.url),
  );
  const children: ChildProcess[] = [];
  const start = (...args: readonly string[]) => {
    const child = fork(program, [database.ownerUrl, ...args], { stdio: "inherit" });
    children.push(child);
    return child;
  };
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
  });

  test("in and after each step: two others go on, and each step takes effect once", async () => {
    const id = await open();
    // Steps 0 to 3 are run by the server, 4 by a person, and 5 by the server.
    for (const [moment, step] of [
      ["called", 0],
      ["worked", 0],
      ["worked", 1],
      ["worked", 2],
      ["worked", 3],
      ["called", 5],
      ["worked", 5],
    ] as const) {
      await hurry();
      if (step === 5 && moment === "called") {
        await node().run();
        await decide(id, "finishing");
      }
      const killed = start(moment, String(step));
      await once(killed, "exit");
      expect(killed.signalCode).toBe("SIGKILL");
      expect((await show(id)).state).not.toBe("done");
      await assertExactlyOnce(id);
    }
    start();
    start();
    await until(async () => (await show(id)).state === "done");
    await assertExactlyOnce(id);
    // The attempts of the killed processes are on record.
    const attempts = (await show(id)).steps.map((each) => each.attempts);
    for (const [step, least] of [3, 2, 2, 2, 1, 3].entries())
      expect(attempts[step]).toBeGreaterThanOrEqual(least);
  });
});
