import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { catchUp } from "../../../audit/integrate/catch-up.ts";
import { seenPath } from "../../../audit/witness/seen-by-witness.ts";
import type { WitnessesOptions } from "../../../audit/witness/witnesses.ts";
import { logOf, type TenantId, type LogId } from "../../../crypto/wire/ids.ts";
import { OPERATOR_LOG, type TestAuditLog } from "../../support/audit-log.ts";
import { attackTest, refusalOf } from "../../support/attack-test.ts";
import type { TestDatabase } from "../../support/database.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { until } from "../../support/until.ts";
import { openWitnessedLog, type WitnessedLog } from "../../support/witnessed-log.ts";
import type { TestWitness } from "../../support/witness-server.ts";

let witnessed: WitnessedLog;
let database: TestDatabase;
let log: TestAuditLog;
let tenant: TenantId;
let witness: TestWitness;
let told: WitnessedLog["told"];
beforeEach(async () => {
  witnessed = await openWitnessedLog();
  ({ database, log, tenant, witness, told } = witnessed);
});
afterEach(() => witnessed.close());

const ask = (changes?: Partial<WitnessesOptions>) => witnessed.ask(changes);
const settledAndCosigned = (id: LogId) => witnessed.settledAndCosigned(id);
const alter = (...statements: string[]) => witnessed.alter(...statements);
const kept = async () =>
  (await database.owner.query("select witness, size from audit.cosignatures")).rows;

describe("a witness that saw more than the database has", () => {
  beforeEach(async () => {
    const integrator = log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    await integrator.close();
    await witnessed.putBack();
  });

  attackTest(
    {
      attempt: "The database and the outside checkpoints are put back",
      foundBy: "each node, by a witness",
      when: "connection",
      code: "audit_log_behind",
      says: "If you restored a backup, declare it: see docs/restore.md. Otherwise, find out who put the database back.",
    },
    async () => {
      await log.append(tenant, 2);
      const store = directoryCheckpoints(log.folder);
      let looks = 0;
      const all = () => {
        looks++;
        return store.all();
      };
      const integrator = log.startIntegrator({ witnesses: ask(), store: { ...store, all } });
      await refusalOf(integrator);
      // The proof is valid even while the witness is unreachable.
      await witness.close();
      const before = looks;
      await until(() => looks > before + 2);
      expect(log.errors).toHaveLength(1);
      expect((await database.owner.query("select from audit.checkpoints")).rowCount).toBe(0);
      return refusalOf(integrator);
    },
  );

  test("proves it for good: also to a node that starts after the witness is gone", async () => {
    await log.append(tenant, 2);
    const first = log.startIntegrator({ witnesses: ask() });
    await until(() => first.refusal !== undefined);
    await first.close();
    await witness.close();
    for (const witnesses of [ask(), undefined]) {
      const next = log.startIntegrator({ witnesses });
      await until(() => next.refusal !== undefined);
      expect(next.refusal).toMatchObject({ code: "audit_log_behind" });
      await next.close();
    }
    expect((await database.owner.query("select from audit.checkpoints")).rowCount).toBe(0);
  });

  test("proves it for good, even if the other history has grown longer", async () => {
    await log.append(tenant, 20);
    const unaware = log.startIntegrator();
    await log.settled();
    await log.append(tenant, 20);
    await log.settled();
    await unaware.close();
    const first = log.startIntegrator({ witnesses: ask() });
    await until(() => first.refusal !== undefined);
    await first.close();
    const next = log.startIntegrator();
    await until(() => next.refusal !== undefined);
    expect(next.refusal).toMatchObject({ code: "audit_log_inconsistent" });
  });

  test("proves it for a database that has no log at all", async () => {
    await alter("delete from audit.logs");
    await log.append(tenant, 2);
    const integrator = log.startIntegrator({ witnesses: ask() });
    await until(() => integrator.refusal !== undefined);
    expect(integrator.refusal).toMatchObject({ code: "audit_log_behind" });
  });

  test("stops the logs even while the proof cannot be stored, and stores it when it can", async () => {
    await log.append(tenant, 2);
    const store = directoryCheckpoints(log.folder);
    let isFull = true;
    const keepProof: typeof store.keepProof = (...proof) =>
      isFull ? Promise.reject(new Error("no space left")) : store.keepProof(...proof);
    const integrator = log.startIntegrator({
      witnesses: ask({ store: { keepProof } }),
    });
    await until(() => integrator.refusal !== undefined);
    await witness.close();
    await until(() => log.errors.some((error) => String(error).includes("no space left")));
    isFull = false;
    await until(async () => (await store.all()).length > 0);
    expect(integrator.refusal).toMatchObject({ code: "audit_log_behind" });
    expect((await database.owner.query("select from audit.checkpoints")).rowCount).toBe(0);
  });

  test("proves it to a command that would sign", async () => {
    await log.append(tenant, 2);
    const unaware = log.startIntegrator();
    await log.settled();
    await unaware.close();
    const { signer } = log;
    const [url, store] = [database.ownerUrl, directoryCheckpoints(log.folder)];
    await expect(
      catchUp({
        url,
        originPrefix: "audit.example",
        signer,
        store,
        approvers: [],
        witnesses: ask(),
      }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^audit_log_(behind|inconsistent)$/) });
  });

  test("proves it later if it did not answer at the start", async () => {
    witness.interfere = (request, response) => {
      if (request.method === "POST") witness.interfere = () => false;
      else response.writeHead(503).end();
      return request.method === "GET";
    };
    await log.append(tenant, 2);
    const integrator = log.startIntegrator({ witnesses: ask() });
    await until(() => integrator.refusal !== undefined);
    // A head was already signed by then. Which of the two logs is found first, and how, is random.
    expect(witness.requests).toContain("POST /add-checkpoint");
    expect(["audit_log_behind", "audit_log_inconsistent"]).toContain(integrator.refusal?.code);
  });

  test("is not trusted without proof", async () => {
    const { name: origin } = await log.keyOf(logOf(tenant));
    const proof = new MemoryLog(origin);
    proof.append(Array.from({ length: 100 }, (_, at) => Buffer.from(`${at}`)));
    // It makes a false claim and shows a head that another key signed.
    witness.interfere = (request, response) => {
      if (request.method === "POST") response.writeHead(409).end("1000000\n");
      else if (request.url === seenPath(origin)) response.end(proof.signed(proof.head));
      else response.writeHead(404).end();
      return true;
    };
    await log.append(tenant, 2);
    const witnesses = ask();
    const integrator = log.startIntegrator({ witnesses });
    await until(() => witnesses.disagreements === 2);
    await log.append(tenant, 20);
    await log.settled();
    expect(integrator.refusal).toBeUndefined();
    expect(told.map(({ code }) => code)).toEqual(["disagrees", "disagrees"]);
    expect(await kept()).toEqual([]);
  });
});
