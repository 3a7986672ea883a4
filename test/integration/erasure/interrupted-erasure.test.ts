import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { OPERATOR } from "../../../audit/operator.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import type { AttachmentId, CaseId } from "../../../crypto/wire/ids.ts";
import { createKeystorePool, type Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { livingScopes } from "../../../keys/at-rest/list-scopes.ts";
import { periodOf } from "../../../crypto/wire/key-period.ts";
import { uuidFromBytes } from "../../../crypto/wire/uuid.ts";
import { sweepTenant } from "../../../messaging/attachments/sweep.ts";
import { runDueCases } from "../../../workflows/cases/case-runner.ts";
import { createErasureCase } from "../../../workflows/erasure/create-erasure-case.ts";
import type { ErasureDeps } from "../../../workflows/erasure/erasure-deps.ts";
import { placeHold } from "../../../workflows/holds/place-hold.ts";
import { ErasureLedger } from "../../../workflows/ledger/erasure-ledger.ts";
import type { WithLedger } from "../../../workflows/ledger/settle-deps.ts";
import { settleLedger } from "../../../workflows/ledger/settle.ts";
import type { SettleDeps } from "../../../workflows/ledger/settle-deps.ts";
import { directoryLedger } from "../../../workflows/ledger/stores/directory-ledger.ts";
import { lockRecords } from "../../../workflows/retention/lock-records.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { arrangeConversation, arrangeTenant, openLog } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { erase } from "../../support/erasures.ts";
import { until } from "../../support/until.ts";

const origin = "desk.example/erasures";
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signer = {
  publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  sign: async (bytes: Uint8Array) => sign(null, bytes, privateKey),
};
let database: TestDatabase;
let keystore: Pool;
let folder: string;
let log: Awaited<ReturnType<typeof openLog>>;
beforeAll(async () => {
  database = await createTestDatabase();
  keystore = createKeystorePool(database.ownerUrl, { max: 2 });
  log = await openLog(database);
  folder = await mkdtemp(join(tmpdir(), "sealdesk-ledger-"));
  await settleLedger(settling());
});
afterAll(async () => {
  await log.close();
  await keystore.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

const openLedger = () =>
  new ErasureLedger({ store: directoryLedger(folder), key: signer, origin, place: folder });

const settling = (): SettleDeps => ({
  ledger: openLedger(),
  pool: database.pool,
  keystore,
  isApart: false,
  newId,
  now: Date.now,
});

/** What may fail in the steps. */
const faults = { files: false };
/** Is called when a step has written to the ledger. */
let afterLedger = (): Promise<unknown> => Promise.resolve();
/** Is called when a step begins to decide what it destroys. */
let onDecision = (): Promise<unknown> => Promise.resolve();

function deps(): ErasureDeps {
  const ledger = openLedger();
  const append = ledger.append.bind(ledger);
  const lockEnd = ledger.lockEnd.bind(ledger);
  ledger.lockEnd = async (client) => {
    await onDecision();
    return lockEnd(client);
  };
  ledger.append = async (last, record) => {
    const entry = await append(last, record);
    await afterLedger();
    return entry;
  };
  const remove = async () => {
    if (faults.files) throw new Error("the store is away");
  };
  return {
    ledger,
    keystore,
    isApart: false,
    attachments: {
      store: { delete: remove } as never,
      digests: { forget: () => undefined } as never,
    },
    subjects: {} as never,
    reach: {} as never,
    heads: new KnownHeads(signer.publicKey),
    signer,
    residualMs: 0,
    nodesForgetMs: 0,
    deviceAnswersMs: 0,
    forgetShared: async () => undefined,
  };
}

const wake = (id: CaseId) =>
  database.owner.query(
    "update sealdesk.cases set wake_at_ms = 0 where id = $1 and wake_at_ms is not null",
    [id],
  );

/** Takes steps until none may be taken now. @returns the state, and what the case waits for */
async function run(id: CaseId) {
  await wake(id);
  const kinds = [createErasureCase(deps())];
  await runDueCases({ pool: database.pool, now: Date.now, kinds, onError: () => undefined });
  const { rows } = await database.owner.query<{ state: string; pending: string | null }>(
    "select state, pending from sealdesk.cases where id = $1",
    [id],
  );
  return rows[0];
}

const itemsOf = async (id: CaseId) =>
  (
    await database.owner.query<{ kind: string; outcome: string }>(
      "select kind, outcome from sealdesk.erasure_items where case_id = $1 order by kind",
      [id],
    )
  ).rows;

/** A person with a conversation that has one key. */
async function arrange() {
  const tenant = await arrangeTenant(database);
  const { id: conversation, users, devices } = await arrangeConversation(database, log.log, tenant);
  const [subject, agent] = [users[0]!, users[1]!];
  const scope = { conversation, subject, author: subject, period: periodOf(Date.now()) };
  const [made] = await log.keyTree.scopes.forWriting(tenant, [scope]);
  return {
    tenant,
    conversation,
    subject,
    agent,
    device: devices[0]!,
    key: uuidFromBytes(made!.key!.id),
  };
}

/** Takes steps of due cases in a process that is killed when it has written to the ledger what it destroys. */
async function killAfterLedger(id: CaseId): Promise<void> {
  await wake(id);
  const program = `
    import { createPrivateKey, sign } from "node:crypto";
    import { createKeystorePool, createPool } from "./dist/db/pool.js";
    import { runDueCases } from "./dist/workflows/cases/case-runner.js";
    import { createErasureCase } from "./dist/workflows/erasure/create-erasure-case.js";
    import { ErasureLedger } from "./dist/workflows/ledger/erasure-ledger.js";
    import { directoryLedger } from "./dist/workflows/ledger/stores/directory-ledger.js";
    const { url, folder, origin, privateKey, publicKey } = JSON.parse(process.env.ARRANGED);
    const key = {
      publicKey: Buffer.from(publicKey, "hex"),
      sign: async (bytes) => sign(null, bytes, createPrivateKey(privateKey)),
    };
    const store = directoryLedger(folder);
    const ledger = new ErasureLedger({ store, key, origin, place: folder });
    const append = ledger.append.bind(ledger);
    ledger.append = async (last, record) => {
      await append(last, record);
      process.stdout.write("written");
      return new Promise(() => setInterval(() => undefined, 60_000));
    };
    const keystore = createKeystorePool(url, { max: 1 });
    const kinds = [createErasureCase({ ledger, keystore, isApart: false, attachments: {} })];
    await runDueCases({ pool: createPool(url), now: Date.now, kinds, onError: console.error });
  `;
  const arranged = {
    url: database.ownerUrl,
    folder,
    origin,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
    publicKey: toHex(signer.publicKey),
  };
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, ARRANGED: JSON.stringify(arranged) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(String(said)).toBe("written");
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("an erasure that died after it wrote to the ledger is carried out before a hold or a lock begins", async () => {
  const { tenant, conversation, subject, agent } = await arrange();
  const id = await erase(database, tenant, subject);
  await killAfterLedger(id);
  const living = () => inTransaction(keystore, tenant, (client) => livingScopes(client, subject));
  expect(await living()).toHaveLength(1);
  const party = { tenant, operator: OPERATOR };
  const common = { pool: database.pool, now: Date.now, newId };
  const place = (withLedger: WithLedger) =>
    placeHold({ ...common, withLedger }, party, {
      matter: "2026/1",
      citation: "GDPR Article 17(3)(e)",
      custodian: agent,
      reviewAtMs: Date.now() + 86_400_000,
      items: [{ conversation }],
    });
  // While the ledger does not answer, nobody knows whether the hold would keep anything.
  const away = new ErasureLedger({
    store: {
      read: () => Promise.reject(new Error("away")),
      put: () => Promise.resolve(false),
      close: () => undefined,
    },
    key: signer,
    origin,
    place: "away",
  });
  const withoutLedger: WithLedger = (work) => work({ ...settling(), ledger: away });
  const refused = { code: "erasure_interrupted" };
  await expect(place(withoutLedger)).rejects.toMatchObject(refused);
  const lock = { days: 90, citation: "17 CFR 240.17a-4(b)(4)" };
  await expect(
    lockRecords({ ...common, withLedger: withoutLedger }, party, lock),
  ).rejects.toMatchObject(refused);
  expect(await living()).toHaveLength(1);

  expect(await place((work) => work(settling()))).toMatchObject({ conversations: 1 });
  expect(await living()).toEqual([]);
  expect(await run(id)).toEqual({ state: "certifying", pending: "audit_log" });
  expect(await itemsOf(id)).toContainEqual({ kind: "messages", outcome: "erased" });
  expect(await itemsOf(id)).not.toContainEqual({ kind: "messages", outcome: "restricted" });
});

test("a replay beside a running step waits for it, and carries nothing out twice", async () => {
  const { tenant, subject } = await arrange();
  const id = await erase(database, tenant, subject);
  let settled: Promise<number> | undefined;
  afterLedger = async () => {
    if (settled !== undefined) return;
    settled = settleLedger(settling());
    await until(async () => {
      const { rowCount } = await database.owner.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
           and query like '%ledger_position%'`,
      );
      return rowCount === 1;
    });
  };
  try {
    expect(await run(id)).toEqual({ state: "certifying", pending: "audit_log" });
  } finally {
    afterLedger = () => Promise.resolve();
  }
  expect(await settled).toBe(0);
  expect(await settleLedger(settling())).toBe(0);
});

test("a store of attachments that is away keeps the erasure from its certificate, and nothing is done twice", async () => {
  const { tenant, conversation, subject, device, key } = await arrange();
  await database.owner.query(
    `insert into sealdesk.attachments (id, tenant, conversation, uploader, device, size, state, sha256, seq,
       created_at_ms, expires_at_ms, key_id, salt, chunks)
     values ($1, $2, $3, $4, $5, 5, 'complete', $6, 1, 0, 0, $7, $6, 1)`,
    [newId<AttachmentId>(), tenant, conversation, subject, device, randomBytes(32), key],
  );
  const id = await erase(database, tenant, subject);
  faults.files = true;
  for (const _ of [1, 2])
    expect(await run(id)).toEqual({ state: "removing_files", pending: "attachments" });
  // The sweep of another node reaches the store, and leaves to the erasure what its certificate counts.
  const { store, digests } = deps().attachments;
  faults.files = false;
  expect(await sweepTenant({ pool: database.pool, store, digests, now: Date.now }, tenant)).toBe(0);
  expect(await run(id)).toEqual({ state: "certifying", pending: "audit_log" });
  expect(await itemsOf(id)).toContainEqual({ kind: "attachments", outcome: "erased" });
  const { rows } = await database.owner.query<{ store: string; attempts: number }>(
    "select store, attempts from sealdesk.erasure_stores where case_id = $1 order by store",
    [id],
  );
  expect(rows).toEqual([
    { store: "attachments", attempts: 3 },
    { store: "database", attempts: 1 },
    { store: "keystore", attempts: 1 },
    { store: "nodes", attempts: 1 },
  ]);
});

test("a key that an upload made after the others were destroyed is destroyed before the account is forgotten", async () => {
  const { tenant, conversation, subject, agent } = await arrange();
  const id = await erase(database, tenant, subject);
  let decisions = 0;
  onDecision = async () => {
    // The first ends the window, the second destroys, the third finds nothing left, and the fourth is about the account.
    if (++decisions !== 4) return;
    const scope = { conversation, subject, author: agent, period: periodOf(Date.now()) };
    await log.keyTree.scopes.forWriting(tenant, [scope]);
  };
  await run(id);
  onDecision = () => Promise.resolve();
  expect(decisions).toBe(7);
  const living = inTransaction(keystore, tenant, (client) => livingScopes(client, subject));
  expect(await living).toEqual([]);
  expect(await itemsOf(id)).toContainEqual({ kind: "subject_key", outcome: "erased" });
});
