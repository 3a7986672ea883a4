import { appendEntry } from "../../../audit/append-entry.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { erasePersonalFields } from "../../../audit/personal-fields.ts";
import { personalHash } from "../../../audit/verify/personal-hash.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { entryOf, openAuditLog, type TestAuditLog } from "../../support/audit-log.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { logOf, type TenantId, type UserId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
let log: TestAuditLog;

beforeEach(async () => {
  database = await createTestDatabase();
  log = await openAuditLog(database);
});

afterEach(async () => {
  await log.close();
  await database.drop();
});

test("a personal field is a salted hash in the log, and unrecoverable after it is erased", async () => {
  const [tenant, other] = [await log.newTenant(), await log.newTenant()];
  const subject = newId<UserId>();
  const values = { email: "ada@example.com", phone: "+44 20 7946 0000" };
  const seal = (_subject: string, value: Uint8Array) => Promise.resolve(value.map((b) => b ^ 0x55));
  await log.asLog(logOf(tenant), (client) =>
    appendEntry(client, entryOf(tenant, 0), { subject, values, seal }),
  );
  log.startIntegrator();
  await log.settled();
  const [text = ""] = await log.verify(logOf(tenant));
  for (const part of ["ada@", "@example", "7946 0000"]) expect(text).not.toContain(part);
  const entry = JSON.parse(text) as { eventId: string; personal: Record<string, string> };
  const { rows } = await database.owner.query<{ field: "email"; salt: Buffer; value: Buffer }>(
    "select field, salt, value from audit.personal_fields where event = $1 order by field",
    [entry.eventId],
  );
  expect(rows).toHaveLength(2);
  for (const { field, salt, value } of rows) {
    expect(Buffer.from(value.map((b) => b ^ 0x55)).toString()).toBe(values[field]);
    const hash = personalHash(nodeChecks.sha256, { salt, field, value: values[field] });
    expect(hash).toBe(entry.personal[field]);
  }
  expect(rows[0]?.salt).not.toEqual(rows[1]?.salt);
  const erase = (as: TenantId) =>
    log.asLog(logOf(as), (client) => erasePersonalFields(client, tenant, subject));
  expect(await erase(other)).toBe(0);
  expect(await erase(tenant)).toBe(2);
  expect(await log.verify(logOf(tenant))).toEqual([text]);
});
