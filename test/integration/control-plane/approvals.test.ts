import { executeApproved, withdrawApproval } from "../../../identity/approvals/execute-approved.ts";
import { readApproval } from "../../../identity/approvals/stored-approvals.ts";
import { APPROVAL_MS, requestApproval } from "../../../identity/approvals/request-approval.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { newId } from "../../../tools/testkit/ids.ts";

let database: TestDatabase;
let tenant: TenantId;
beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await arrangeTenant(database);
});
afterAll(() => database.drop());

const NOW_MS = 1_000_000;
const action = "account.reset";
const parameters = { user: "u-1", reason: "devices_lost" };

const person = (name: string) => ({
  tenant,
  operator: { kind: "system", id: "operator", person: { name, source: "as" } } as const,
});

/** Ann asks for the reset of an account. */
async function requested(): Promise<Uuid> {
  const id = newId();
  const request = { id, action, parameters, reason: "a test" };
  await inTransaction(database.pool, tenant, (client) =>
    requestApproval(client, person("ann"), request, NOW_MS),
  );
  return id;
}

/** Approves, and counts in `done` how often the act was done. */
const done: Uuid[] = [];
const approve = (
  id: Uuid,
  name: string,
  { what = { action, parameters }, nowMs = NOW_MS, fails = false } = {},
) =>
  inTransaction(database.pool, tenant, (client) =>
    executeApproved(client, person(name), { id, ...what }, nowMs, async () => {
      if (fails) throw new Error("the act failed");
      done.push(id);
    }),
  );

const timesOf = (id: Uuid) => done.filter((each) => each === id).length;

test("an act is done once, whoever else approves it before or at the same time", async () => {
  const id = await requested();
  const answers = await Promise.allSettled(["ben", "eve", "joe"].map((name) => approve(id, name)));
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  await expect(approve(id, "ben")).rejects.toMatchObject({ code: "approval_used" });
  expect(timesOf(id)).toBe(1);
  for (const answer of answers)
    if (answer.status === "rejected")
      expect(answer.reason).toMatchObject({ code: "approval_used" });
});

test.each<[string, Parameters<typeof approve>[2], string, string]>([
  ["by the person who asked", {}, "ann", "own_approval"],
  [
    "with other parameters",
    { what: { action, parameters: { ...parameters, user: "u-2" } } },
    "ben",
    "approval_changed",
  ],
  ["for another act", { what: { action: "device.revoke", parameters } }, "ben", "approval_changed"],
  ["after seven days", { nowMs: NOW_MS + APPROVAL_MS }, "ben", "approval_expired"],
])("an approval is refused %s", async (_what, options, name, code) => {
  const id = await requested();
  await expect(approve(id, name, options)).rejects.toMatchObject({ code });
  expect(timesOf(id)).toBe(0);
  await approve(id, "ben");
  expect(timesOf(id)).toBe(1);
});

test("an act that fails leaves its request open", async () => {
  const id = await requested();
  await expect(approve(id, "ben", { fails: true })).rejects.toThrow("the act failed");
  const read = () => inTransaction(database.pool, tenant, (client) => readApproval(client, id));
  expect(await read()).toMatchObject({ approver: null, executedAtMs: null });
  await approve(id, "eve");
  expect(await read()).toMatchObject({ approver: "operator:eve", executedAtMs: NOW_MS });
});

test("a request that was withdrawn, or is another tenant's, lets nothing happen", async () => {
  const id = await requested();
  await inTransaction(database.pool, tenant, (client) => withdrawApproval(client, id, NOW_MS));
  await expect(approve(id, "ben")).rejects.toMatchObject({ code: "approval_used" });
  const other = await arrangeTenant(database);
  await expect(
    inTransaction(database.pool, other, (client) => readApproval(client, id)),
  ).rejects.toMatchObject({ code: "approval_not_found" });
  await expect(approve(newId(), "ben")).rejects.toMatchObject({ code: "approval_not_found" });
});
