import { withIntegratorSession } from "../../../audit/integrate/session.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { Restores } from "../../../audit/restore/restores.ts";
import { cosignature, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { formatSignature, parseNote } from "../../../audit/verify/note.ts";
import { askWitness } from "../../../audit/witness/ask-witness.ts";
import { seenPath } from "../../../audit/witness/seen-by-witness.ts";
import type { WitnessesOptions } from "../../../audit/witness/witnesses.ts";
import { logOf, type TenantId, type LogId } from "../../../crypto/wire/ids.ts";
import { newSigner, OPERATOR_LOG, signedSize, type TestAuditLog } from "../../support/audit-log.ts";
import type { TestDatabase } from "../../support/database.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { until } from "../../support/until.ts";
import { openWitnessedLog, type WitnessedLog } from "../../support/witnessed-log.ts";
import { startWitness, type TestWitness } from "../../support/witness-server.ts";

let witnessed: WitnessedLog;
let database: TestDatabase;
let log: TestAuditLog;
let tenant: TenantId;
let witness: TestWitness;
let others: TestWitness[];
let told: WitnessedLog["told"];
beforeEach(async () => {
  witnessed = await openWitnessedLog();
  ({ database, log, tenant, witness, others, told } = witnessed);
});
afterEach(() => witnessed.close());

const ask = (changes?: Partial<WitnessesOptions>) => witnessed.ask(changes);
const newest = (id: LogId, cosignedBy?: number) => witnessed.newest(id, cosignedBy);
const isCosigned = (id: LogId, by?: TestWitness) => witnessed.isCosigned(id, by);
const settledAndCosigned = (id: LogId) => witnessed.settledAndCosigned(id);
const alter = (...statements: string[]) => witnessed.alter(...statements);
const kept = async () =>
  (await database.owner.query("select witness, size from audit.cosignatures")).rows;

describe("heads", () => {
  test("of every log that grew are cosigned, and served with the cosignature", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    await log.append(tenant, 300);
    await settledAndCosigned(logOf(tenant));
    expect(await signedSize(log, logOf(tenant))).toBe(305);
    expect(await log.verify(logOf(tenant))).toHaveLength(305);
    expect(await newest(logOf(tenant), 1)).toBe(await newest(logOf(tenant)));
    expect(await newest(logOf(tenant), 2)).toBe("");
    expect(told).toEqual([]);
  });

  test("are submitted once: a quiet cosigned log costs no request", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    const { length } = witness.requests;
    // A second witness shows that rounds continue.
    const second = await startWitness("second.example");
    others.push(second);
    const more = ask({ witnesses: [second] });
    const end = more.keepCosigned(new Restores([]), () => undefined);
    await until(() => second.requests.length >= 6);
    await end();
    expect(witness.requests).toHaveLength(length);
  });

  test("are submitted by the one leading node, and by the next one when it is gone", async () => {
    const by = { one: 0, two: 0 };
    const one = log.startIntegrator({ witnesses: ask({ onCosigned: () => by.one++ }) });
    await settledAndCosigned(logOf(tenant));
    log.startIntegrator({ witnesses: ask({ onCosigned: () => by.two++ }) });
    await log.append(tenant, 3);
    await settledAndCosigned(logOf(tenant));
    expect(by.one).toBeGreaterThan(1);
    expect(by.two).toBe(0);
    await one.close();
    await log.append(tenant, 3);
    await settledAndCosigned(logOf(tenant));
    expect(by.two).toBeGreaterThan(0);
  });

  test("are useless to a witness that does not know the log, which is reported once", async () => {
    witness.logs.pop();
    let failures = 0;
    log.startIntegrator({ witnesses: ask({ everyMs: 200, onFailure: () => failures++ }) });
    for (let looks = 0; looks < 3; looks++) {
      await log.append(tenant, 1);
      await settledAndCosigned(logOf(tenant));
    }
    const { name: origin } = await log.keyOf(OPERATOR_LOG);
    expect(told).toEqual([{ code: "unknown_log", origin }]);
    // The witness is not asked about that log again soon.
    expect(failures).toBe(1);
  });

  test("of the operator's log alone go to a witness that must not learn of tenants", async () => {
    log.startIntegrator({ witnesses: ask({ witnesses: [{ ...witness, gets: "operator" }] }) });
    await settledAndCosigned(OPERATOR_LOG);
    await log.append(tenant, 3);
    await settledAndCosigned(OPERATOR_LOG);
    const { name: origin } = await log.keyOf(OPERATOR_LOG);
    expect([...witness.seen.keys()]).toEqual([origin]);
    const asked = witness.requests.filter((request) => request.startsWith("GET"));
    expect(new Set(asked)).toEqual(new Set([`GET ${seenPath(origin)}`]));
  });

  test("of sound logs are cosigned beside a log with damaged tiles", async () => {
    const first = log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    await first.close();
    await log.append(tenant, 3);
    const second = log.startIntegrator();
    await log.settled();
    await second.close();
    await alter(`delete from audit.tiles where log = '${OPERATOR_LOG}'`);
    const contradictions: unknown[] = [];
    const end = ask().keepCosigned(new Restores([]), (error) => contradictions.push(error));
    await until(() => isCosigned(logOf(tenant)));
    await end();
    const { name: origin } = await log.keyOf(OPERATOR_LOG);
    expect(told).toEqual([{ code: "not_submitted", origin }]);
    expect(contradictions).toEqual([]);
  });

  test("all have their turn at a witness that stops after each one", async () => {
    const asked = new Set<string>();
    witness.interfere = (request, response) => {
      void (async () => {
        let body = "";
        for await (const part of request) body += String(part);
        asked.add(parseNote(body.slice(body.indexOf("\n\n") + 2)).text.split("\n")[0] ?? "");
        response.writeHead(429).end();
      })();
      return true;
    };
    const end = ask().keepCosigned(new Restores([]), () => undefined);
    await until(() => asked.size === 2);
    await end();
  });

  test("are cosigned again by a witness with a new key and its old name", async () => {
    const integrator = log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    await integrator.close();
    const renewed = await startWitness(witness.key.name);
    others.push(renewed);
    renewed.logs.push(...witness.logs);
    const end = ask({ witnesses: [renewed] }).keepCosigned(new Restores([]), () => undefined);
    await until(() => isCosigned(logOf(tenant), renewed));
    await end();
    expect(await isCosigned(logOf(tenant))).toBe(true);
    // It is the same witness.
    expect(await newest(logOf(tenant), 2)).toBe("");
    const { length } = renewed.requests;
    await ask({ witnesses: [renewed] }).keepCosigned(new Restores([]), () => undefined)();
    expect(renewed.requests).toHaveLength(length);
  });

  test("are not delayed by a hanging witness: other witnesses and the log continue", async () => {
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
    await settledAndCosigned(logOf(tenant));
    await settledAndCosigned(OPERATOR_LOG);
    expect(await signedSize(log, logOf(tenant))).toBe(15);
    expect(open).toBe(1);
    // Stopping does not wait for it either.
    await integrator.close();
    await until(() => open === 0);
    expect(told).toEqual([]);
  });
});

test("a head is submitted to a witness even while somebody else advances it", async () => {
  const grown = new MemoryLog();
  grown.append(Array.from({ length: 9 }, (_, at) => Buffer.from(`${at}`)));
  witness.logs.push(grown.key);
  const sizes = [3, 5];
  witness.interfere = (_, response) => {
    const size = sizes.shift();
    if (size !== undefined) response.writeHead(409).end(`${size}\n`);
    return size !== undefined;
  };
  const submitted = {
    note: grown.signed(grown.head),
    head: { ...grown.head, origin: grown.key.name },
    rootOver: rangeRoots(nodeChecks.sha256, grown, 9),
  };
  expect((await askWitness(witness, submitted, 0)).name).toBe(witness.key.name);
  expect(witness.requests).toHaveLength(4);
});

test("a starting node asks for the operator's log first, and for several at once", async () => {
  for (let more = 0; more < 20; more++) await log.append(await log.newTenant(), 1);
  const integrator = log.startIntegrator();
  await log.settled();
  await integrator.close();
  let open = 0;
  witness.interfere = (request) => {
    open++;
    request.socket.once("close", () => open--);
    return true;
  };
  const asking = withIntegratorSession(database.ownerUrl, (client) =>
    ask({ startMs: 60_000 }).assertConsistent(client, new Restores([])),
  );
  await until(() => open === 16);
  const { name: origin } = await log.keyOf(OPERATOR_LOG);
  expect(witness.requests[0]).toBe(`GET ${seenPath(origin)}`);
  await witness.close();
  await asking;
});

describe("a cosignature", () => {
  const forger = newSigner();

  /** Answers with a signature over the result of `text`, and `goesOn` before it. */
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
    ["over a text that continues", forging("its own", (text) => `${text}\n\nmore\n`, "\nmore\n\n")],
    ["over another head", forging("its own", (text) => text.replace(/(?<=\n)\d+/, "999"))],
  ] as const)("%s is not stored", async (_, interfere) => {
    witness.interfere = interfere;
    log.startIntegrator({ witnesses: ask() });
    await until(() => told.some(({ code }) => code === "wrong_cosignature"));
    expect(await kept()).toEqual([]);
    witness.interfere = () => false;
    await settledAndCosigned(logOf(tenant));
  });

  test("can be added only by the integrator, in their form, and never changed", async () => {
    log.startIntegrator({ witnesses: ask() });
    await settledAndCosigned(logOf(tenant));
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
    const shown = await log.asLog(logOf(stranger), (c) =>
      c.query("select from audit.cosignatures"),
    );
    expect(shown.rowCount).toBe(0);
  });
});
