import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { attackTest, refusalOf, type Said } from "../../support/attack-test.ts";
import { createTestDatabase } from "../../support/database.ts";
import { openAuditLog, signedSize } from "../../support/audit-log.ts";
import { RestorableServer } from "../../support/restorable-server.ts";
import { until } from "../../support/until.ts";
import { logOf } from "../../../crypto/wire/ids.ts";

describe("a signed log whose outside checkpoint is gone", () => {
  attackTest(
    {
      attempt: "Outside checkpoints are removed while all nodes are stopped: all, or one",
      foundBy: "each node",
      when: "connection",
      code: "audit_checkpoint_missing",
      says: "Put AUDIT_CHECKPOINTS back, or have two people adopt the head: see docs/audit.md, “When outside checkpoints are missing”.",
    },
    async () => {
      const database = await createTestDatabase();
      const log = await openAuditLog(database);
      const [one, two] = [await log.newTenant(), await log.newTenant()];
      await log.append(one);
      await log.append(two);
      const first = log.startIntegrator();
      await log.settled();
      await first.close();
      const kept = join(log.folder, one);
      const away = `${log.folder}.away`;
      const [all, file] = [() => rename(log.folder, away), () => rename(kept, `${away}.file`)];
      let said: Said | undefined;
      for (const [remove, putBack] of [
        [all, () => rename(away, log.folder)],
        [
          async () => {
            await all();
            await mkdir(log.folder);
          },
          async () => {
            await rm(log.folder, { recursive: true });
            await rename(away, log.folder);
          },
        ],
        [file, () => rename(`${away}.file`, kept)],
      ] as const) {
        await remove();
        await log.append(one);
        const before = await signedSize(log, logOf(one));
        const integrator = log.startIntegrator();
        said = await refusalOf(integrator);
        expect(said.code).toBe("audit_checkpoint_missing");
        expect(said.text).toMatch(/ has a signed head of \d+ entries /);
        expect(await signedSize(log, logOf(one))).toBe(before);
        await putBack();
        await until(() => integrator.refusal === undefined);
        await log.settled();
        await integrator.close();
      }
      await log.close();
      await database.drop();
      return said!;
    },
  );

  attackTest(
    {
      attempt: "An outside checkpoint is removed while nodes run",
      foundBy: "the node that signs",
      when: "signature",
      code: "audit_checkpoint_missing",
      says: "Put AUDIT_CHECKPOINTS back, or have two people adopt the head: see docs/audit.md, “When outside checkpoints are missing”.",
    },
    async () => {
      const database = await createTestDatabase();
      const log = await openAuditLog(database);
      const tenant = await log.newTenant();
      await log.append(tenant);
      const integrator = log.startIntegrator();
      await log.settled();
      const kept = await readFile(join(log.folder, tenant), "utf8");
      await rm(join(log.folder, tenant));
      await log.append(tenant);
      const said = await refusalOf(integrator);
      expect(kept).toContain(`/audit/t/t-${tenant.slice(-8)}`);
      await log.close();
      await database.drop();
      return said;
    },
  );
});

describe("adopting the heads in the database", () => {
  let server: RestorableServer;
  beforeAll(async () => {
    server = await RestorableServer.make();
    server.start();
    await until(async () => (await server.readyz()).includes('"ok"'));
    await server.stop();
    await rm(join(server.home, "audit-checkpoints"), { recursive: true });
  }, 120_000);
  afterAll(() => server.remove());

  const adopt = (...args: readonly string[]) => server.run(["audit", "adopt", ...args]);
  const note = () => server.at("adopted.note");
  const sign = (name: string) => adopt("sign", note(), "--key", server.at(`${name}.key`));

  test("needs two people and leaves an entry; then the logs continue", async () => {
    server.start();
    await until(async () => (await server.readyz()).includes("audit_checkpoint_missing"));
    await server.stop();
    const declared = adopt(
      "declare",
      "--reason",
      "The disk of the checkpoints died",
      "--out",
      note(),
    );
    expect(declared).toMatchObject({ status: 0, err: "" });
    expect(declared.out).toMatch(/head sealdesk.local\/audit\/t\/demo \d+ /);
    expect(sign("alice").out).toContain("Another approver must sign it too.");
    expect(sign("alice").out).toContain("Another approver must sign it too.");
    expect(adopt("apply", note())).toMatchObject({
      status: 1,
      err: expect.stringContaining("1 of AUDIT_RESTORE_APPROVERS signed it") as string,
    });
    expect(sign("bob").out).toContain("It can be applied");
    expect(adopt("apply", note())).toMatchObject({ status: 0, err: "" });
    expect(adopt("apply", note()).out).toContain("were adopted before");
    server.start();
    await until(async () => (await server.readyz()).includes('"ok"'));
    await server.stop();
    const lines = server.at("lines");
    for (const choice of [["--tenant", "demo"], ["--operator"]]) {
      server.done("audit", "export", ...choice, "--format", "jsonl", "--out", lines);
      const entries = (await readFile(join(lines, "entries.jsonl"), "utf8")).split("\n");
      const [entry = ""] = entries.filter((line) => line.includes("audit.adopt_checkpoints"));
      expect(entry).toContain("The disk of the checkpoints died");
      expect(entry).toMatch(/alice\+[0-9a-f]{8}.*bob\+[0-9a-f]{8}/);
      await rm(lines, { recursive: true });
    }
  }, 120_000);

  test("a statement of another state of the logs is refused", async () => {
    await rm(join(server.home, "audit-checkpoints"), { recursive: true });
    expect(adopt("apply", note())).toMatchObject({
      status: 1,
      err: expect.stringContaining("does not name the heads") as string,
    });
  }, 60_000);
});
