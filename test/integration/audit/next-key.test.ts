import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { catchUp } from "../../../audit/integrate/catch-up.ts";
import type { LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { checkpointText, openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { formatSignature, keyIdOf, KEY_TYPES } from "../../../audit/verify/note.ts";
import { logOf, type TenantId } from "../../../crypto/wire/ids.ts";
import { attackTest, refusalOf } from "../../support/attack-test.ts";
import { newSigner, openAuditLog, type TestAuditLog } from "../../support/audit-log.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let log: TestAuditLog;
let tenant: TenantId;
let next: LogSigner;
beforeEach(async () => {
  database = await createTestDatabase();
  log = await openAuditLog(database);
  next = newSigner();
  tenant = await log.newTenant();
  for (const count of [2, 1]) {
    await log.append(tenant, count);
    const integrator = log.startIntegrator();
    await log.settled();
    await integrator.close();
  }
});
afterEach(async () => {
  await log.close();
  await database.drop();
});

/** Runs a statement as the application can, which may take the integrator's role. */
async function asIntegrator(statement: string, values: readonly unknown[] = []): Promise<void> {
  const client = await database.owner.connect();
  try {
    await client.query("set role sealdesk_integrator");
    await client.query(statement, [...values]);
  } finally {
    await client.query("reset role");
    client.release();
  }
}
/** A line below a note with the id of a key, and a signature of zeros unless there is one. */
const lineOf = (name: string, { publicKey }: LogSigner, signature = new Uint8Array(64)): string =>
  formatSignature({
    name,
    keyId: keyIdOf(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey }),
    signature,
  });
const append = (line: string, size = 3) =>
  asIntegrator("update audit.checkpoints set note = note || $1 where log = $2 and size = $3", [
    line,
    tenant,
    size,
  ]);
/** Continues the logs once, as a command does. */
const continueLogs = (signer: LogSigner, before: () => Promise<void> = () => Promise.resolve()) =>
  catchUp({
    url: database.ownerUrl,
    originPrefix: "audit.example",
    signer,
    store: directoryCheckpoints(log.folder),
    approvers: [],
    witnesses: { assertConsistent: before },
  });

test("the next key signs no head that was stored after the comparison with the checkpoints outside", async () => {
  const { name: origin } = await log.keyOf(logOf(tenant));
  const text = checkpointText({ origin, size: 9, root: new Uint8Array(32) });
  const signed: string[] = [];
  const recording: LogSigner = {
    publicKey: next.publicKey,
    sign: (bytes) => {
      signed.push(Buffer.from(bytes).toString());
      return next.sign(bytes);
    },
  };
  const forge = async () => {
    await asIntegrator("insert into audit.trees (log, size, root) values ($1, 9, $2)", [
      tenant,
      Buffer.alloc(32),
    ]);
    await asIntegrator("insert into audit.checkpoints (log, size, note) values ($1, 9, $2)", [
      tenant,
      `${text}\n${lineOf(origin, newSigner())}`,
    ]);
  };
  await expect(continueLogs({ ...log.signer, next: recording }, forge)).rejects.toMatchObject({
    code: "audit_checkpoint_invalid",
    message: expect.stringContaining("changed"),
  });
  expect(signed.length).toBeGreaterThan(0);
  expect(signed).not.toContain(text);
  expect(await readFile(join(log.folder, tenant), "utf8")).toContain(`${origin}\n3\n`);
});

test("nothing is added to a note but signatures of the log's name, at the newest head, and not many", async () => {
  const { name: origin } = await log.keyOf(logOf(tenant));
  const other = newSigner();
  const refused = expect.stringContaining("cannot be changed");
  for (const [line, size] of [
    [lineOf("witness.example", other), 3],
    [lineOf(`${origin}x`, other), 3],
    [lineOf(origin, other, new Uint8Array(72)), 3],
    [lineOf(origin, other).repeat(2), 3],
    [lineOf(origin, other), 2],
  ] as const)
    await expect(append(line, size)).rejects.toMatchObject({ message: refused });
  for (let lines = 1; lines < 16; lines++) await append(lineOf(origin, newSigner()));
  await expect(append(lineOf(origin, other))).rejects.toMatchObject({ message: refused });
});

test("a log that does not grow gets the signatures of several keys, one after the other", async () => {
  const keys = [log.signer, next, newSigner(), newSigner()];
  for (const [at, signer] of keys.slice(1).entries()) {
    const former = keys[at];
    if (former !== undefined) await continueLogs({ ...former, next: signer });
  }
  const { name } = await log.keyOf(logOf(tenant));
  const note = await readFile(join(log.folder, tenant), "utf8");
  for (const { publicKey } of keys)
    expect(openCheckpoint(nodeChecks, note, { name, type: 1, publicKey }).size).toBe(3);
});

attackTest(
  {
    attempt: "A signature of the key that will replace the audit key is made up",
    foundBy: "the node that signs",
    when: "connection",
    code: "audit_checkpoint_invalid",
    says: "Put back what was changed, and check that SEALDESK_KMS and SEALDESK_HOME name the key service of this database: see docs/audit.md, “When the server refuses to continue a log”.",
  },
  async () => {
    const { name: origin } = await log.keyOf(logOf(tenant));
    await append(lineOf(origin, next));
    const said = await refusalOf(log.startIntegrator({ signer: { ...log.signer, next } }));
    expect(said.text).toContain(
      `The newest head of ${origin} in the database has a signature that`,
    );
    return said;
  },
);
