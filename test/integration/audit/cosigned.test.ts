import { rm } from "node:fs/promises";
import { cosignature, cosignedAt, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { catchUp } from "../../../audit/integrate/catch-up.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { readCheckpoint } from "../../../audit/read/database-log.ts";
import { formatSignature, parseNote } from "../../../audit/verify/note.ts";
import { seenPath } from "../../../audit/witness/seen-by-witness.ts";
import { WitnessError } from "../../../audit/witness/witness-error.ts";
import { Witnesses, type WitnessesOptions } from "../../../audit/witness/witnesses.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import {
  newSigner,
  openAuditLog,
  OPERATOR_LOG,
  signedSize,
  type TestAuditLog,
} from "../../support/audit-log.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { until } from "../../support/until.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";

let database: TestDatabase;
let log: TestAuditLog;
let tenant: Uuid;
let witness: TestWitness;
let others: TestWitness[];
/** What the integrators' node would tell its operator. */
let told: { readonly code: string; readonly origin: string | undefined }[];

/** A log of five entries, whose integrator is stopped, and a witness that knows it. */
beforeEach(async () => {
  database = await createTestDatabase();
  log = await openAuditLog(database);
  witness = await startWitness();
  others = [];
  told = [];
  tenant = await log.newTenant();
  await log.append(tenant, 5);
  const integrator = log.startIntegrator();
  await log.settled();
  await integrator.close();
  witness.logs.push(await log.keyOf(tenant), await log.keyOf(OPERATOR_LOG));
});

afterEach(async () => {
  // Answers that never come first: an integrator ends what it asked for.
  await log.close();
  for (const each of [witness, ...others]) await each.close();
  await database.drop();
});

const ask = (changes: Partial<WitnessesOptions> = {}) =>
  new Witnesses({
    url: database.ownerUrl,
    witnesses: [witness, ...others],
    publicKey: log.signer.publicKey,
    everyMs: 20,
    startMs: 2_000,
    onTrouble: (error, { origin }) =>
      told.push({ code: error instanceof WitnessError ? error.code : String(error), origin }),
    ...changes,
  });

const newest = async (id: Uuid, cosignedBy = 0) =>
  (await log.asLog(id, (client) => readCheckpoint(client, id, cosignedBy))) ?? "";
const isCosigned = async (id: Uuid, by: TestWitness = witness) =>
  cosignedAt(nodeChecks, parseNote(await newest(id)), by.key) !== undefined;
const kept = async () =>
  (await database.owner.query("select witness, size from audit.cosignatures")).rows;

const alter = (...statements: string[]) =>
  database.owner.query(
    `set session_replication_role = replica;
     ${["leaves", "trees", "tiles", "checkpoints", "cosignatures"].map((table) => `alter table audit.${table} disable trigger user;`).join("")}
     ${statements.join(";")};
     set session_replication_role = default`,
  );
/** As after restoring a backup from before all entries, the outside checkpoints lost with it. */
async function putBack(): Promise<void> {
  const tables = ["cosignatures", "checkpoints", "trees", "tiles", "leaves"];
  await alter(...tables.map((table) => `delete from audit.${table}`));
  await rm(log.folder, { recursive: true });
}

const settledAndCosigned = async (id: Uuid) => {
  await log.settled();
  await until(() => isCosigned(id));
};

describe("heads", () => {
  test("of every log that grew are cosigned, and served so", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(tenant);
    await settledAndCosigned(OPERATOR_LOG);
    await log.append(tenant, 300);
    await settledAndCosigned(tenant);
    expect(await signedSize(log, tenant)).toBe(305);
    expect(await log.verify(tenant)).toHaveLength(305);
    expect(await newest(tenant, 1)).toBe(await newest(tenant));
    expect(await newest(tenant, 2)).toBe("");
    expect(told).toEqual([]);
  });

  test("are submitted once: what is cosigned and quiet costs no request", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(tenant);
    await settledAndCosigned(OPERATOR_LOG);
    const { length } = witness.requests;
    // Another witness shows that rounds go on.
    const second = await startWitness("second.example");
    others.push(second);
    const more = ask({ witnesses: [second] });
    const end = more.keepCosigned(() => undefined);
    await until(() => second.requests.length >= 6);
    await end();
    expect(witness.requests).toHaveLength(length);
  });

  test("are submitted by the one node that leads, and by the next when it is gone", async () => {
    const by = { one: 0, two: 0 };
    const one = log.startIntegrator({ witnesses: ask({ onCosigned: () => by.one++ }) });
    await settledAndCosigned(tenant);
    log.startIntegrator({ witnesses: ask({ onCosigned: () => by.two++ }) });
    await log.append(tenant, 3);
    await settledAndCosigned(tenant);
    expect(by.one).toBeGreaterThan(1);
    expect(by.two).toBe(0);
    await one.close();
    await log.append(tenant, 3);
    await settledAndCosigned(tenant);
    expect(by.two).toBeGreaterThan(0);
  });

  test("are of no use to a witness that does not know the log, which is told once", async () => {
    witness.logs.pop();
    let failures = 0;
    log.startIntegrator({ witnesses: ask({ onFailure: () => failures++ }) });
    await settledAndCosigned(tenant);
    await until(() => failures > 3);
    const { name: origin } = await log.keyOf(OPERATOR_LOG);
    expect(told).toEqual([{ code: "unknown_log", origin }]);
  });

  test("cost nothing when a witness hangs: others go on, and so does the log", async () => {
    const hanging = await startWitness("hanging.example");
    others.push(hanging);
    let open = 0;
    hanging.interfere = (request) => {
      if (request.method === "GET") return true;
      open++;
      request.socket.once("close", () => open--);
      return true;
    };
    const integrator = log.startIntegrator({ witnesses: ask({ startMs: 50 }) });
    await until(() => open > 0);
    await log.append(tenant, 10);
    await settledAndCosigned(tenant);
    await settledAndCosigned(OPERATOR_LOG);
    expect(await signedSize(log, tenant)).toBe(15);
    expect(open).toBe(1);
    // Nor does stopping wait for it.
    await integrator.close();
    await until(() => open === 0);
    expect(told).toEqual([]);
  });
});

describe("a cosignature", () => {
  const forger = newSigner();

  /** Answers with a signature over what `text` gives, and something before it. */
  const forging = (key: "its own" | "another", text: (of: string) => string, goesOn = "") => {
    const interfere: TestWitness["interfere"] = (request, response) => {
      if (request.method === "GET") return false;
      void (async () => {
        let body = "";
        for await (const part of request) body += String(part);
        const note = body.slice(body.indexOf("\n\n") + 2);
        const signed = text(parseNote(note).text);
        const signer = key === "another" ? forger : witness.signer;
        const signature = await signer.sign(cosignedBytes(signed, 1));
        const line = formatSignature(cosignature(nodeChecks.sha256, witness.key, 1, signature));
        response.end(goesOn + line);
      })();
      return true;
    };
    return interfere;
  };

  test.each([
    ["by another key under its name", forging("another", (text) => text)],
    ["over a text that goes on", forging("its own", (text) => `${text}\n\nmore\n`, "\nmore\n\n")],
    ["over another head", forging("its own", (text) => text.replace(/(?<=\n)\d+/, "999"))],
  ] as const)("%s is not kept", async (_, interfere) => {
    witness.interfere = interfere;
    log.startIntegrator({ witnesses: ask() });
    await until(() => told.some(({ code }) => code === "wrong_cosignature"));
    expect(await kept()).toEqual([]);
    witness.interfere = () => false;
    await settledAndCosigned(tenant);
  });

  test("can be added by the integrator alone, in its form, and never changed", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(tenant);
    const attempt = async (role: string, statement: string) => {
      const set = `select set_config('sealdesk.tenant', '${tenant}', true)`;
      try {
        await database.owner.query(`begin; set local role ${role}; ${set}; ${statement}`);
      } finally {
        await database.owner.query("rollback");
      }
    };
    for (const role of ["sealdesk_owner", "sealdesk_integrator", "sealdesk_app"])
      for (const statement of [
        "update audit.cosignatures set size = 1",
        "delete from audit.cosignatures",
        "truncate audit.cosignatures",
      ])
        await expect(attempt(role, statement)).rejects.toThrow(
          role === "sealdesk_owner" ? /cannot be changed/ : /permission denied|cannot be changed/,
        );
    const add = (name: string, bytes: number) =>
      `insert into audit.cosignatures values ('${tenant}', 5, '${name}', decode(repeat('00', ${bytes}), 'hex'))`;
    await expect(attempt("sealdesk_app", add("x", 76))).rejects.toThrow(/permission denied/);
    await expect(attempt("sealdesk_integrator", add("x", 75))).rejects.toThrow(/check constraint/);
    await expect(attempt("sealdesk_integrator", add("x y", 76))).rejects.toThrow(
      /check constraint/,
    );
    await attempt("sealdesk_integrator", add("x", 76));
    const stranger = await log.newTenant();
    const shown = await log.asLog(stranger, (c) => c.query("select from audit.cosignatures"));
    expect(shown.rowCount).toBe(0);
  });
});

describe("a witness that saw more than the database has", () => {
  beforeEach(async () => {
    const integrator = log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(tenant);
    await settledAndCosigned(OPERATOR_LOG);
    await integrator.close();
    await putBack();
  });

  test("proves it before anything is signed", async () => {
    await log.append(tenant, 2);
    const store = directoryCheckpoints(log.folder);
    let looks = 0;
    const all = () => {
      looks++;
      return store.all();
    };
    const integrator = log.startIntegrator({ witnesses: ask(), store: { ...store, all } });
    await until(() => integrator.refusal !== undefined);
    // It is proof also while the witness is away.
    await witness.close();
    const before = looks;
    await until(() => looks > before + 2);
    expect(integrator.refusal).toMatchObject({ code: "log_behind" });
    expect(log.errors).toHaveLength(1);
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
      catchUp({ url, originPrefix: "audit.example", signer, store, witnesses: ask() }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^log_(behind|inconsistent)$/) });
  });

  test("proves it later, when it did not answer at the start", async () => {
    witness.interfere = (request, response) => {
      if (request.method === "POST") witness.interfere = () => false;
      else response.writeHead(503).end();
      return request.method === "GET";
    };
    await log.append(tenant, 2);
    const integrator = log.startIntegrator({ witnesses: ask() });
    await until(() => integrator.refusal !== undefined);
    // A head had been signed by then: which of the two logs is found out first, and how, is chance.
    expect(witness.requests).toContain("POST /add-checkpoint");
    expect(["log_behind", "log_inconsistent"]).toContain(integrator.refusal?.code);
  });

  test("is believed no word that it does not prove", async () => {
    const { name: origin } = await log.keyOf(tenant);
    const proof = new MemoryLog(origin);
    proof.append(Array.from({ length: 100 }, (_, at) => Buffer.from(`${at}`)));
    // It claims what is not, and shows a head that another key signed.
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
