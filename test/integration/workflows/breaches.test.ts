import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { breachReached, breachStep, openBreachBy } from "../../support/breaches.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { erase, reached } from "../../support/erasures.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const HOUR_MS = 3_600_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A tenant with two customers who each talk to an agent of their own, and an officer. */
async function arrange() {
  const tenant = await server.createTenant();
  const device = (role?: Parameters<typeof staffDevice>[1]) => staffDevice(server, role, tenant);
  const customer = await customerDevice(server, undefined, tenant);
  const leaving = await customerDevice(server, undefined, tenant);
  const [agent, other] = [await device(), await device()];
  const talk = async (by: TestDevice, to: TestDevice) => {
    const conversation = await createConversation(by, [to]);
    const socket = await RelaySocket.open(server, by);
    await socket.post(messageTo(conversation, [to]));
    return socket;
  };
  const socket = await talk(customer, agent);
  await talk(leaving, other);
  const officer = await device("privacy_officer");
  return { tenant, customer, socket, leaving, agent, officer };
}

const now = (what: string, more: object = {}) => ({ what, atMs: server.clock.now(), ...more });
const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });

test("the verdict is computed from keys and times: who was erased before stays closed", async () => {
  const { tenant, customer, leaving, agent, officer } = await arrange();
  const taken = async (...all: readonly object[]) => {
    const { body } = await openBreachBy(server, officer, { taken: all });
    const { verdict } = await breachReached(officer, body.id);
    const { subjects } = (await officer.request("GET", `/v1/breaches/${body.id}/subjects`)).body;
    const of = (user: string) =>
      subjects.find(({ subject }: { subject: string }) => subject === user)?.exposures;
    return { verdict, of };
  };
  const before = [now("database"), now("keystore"), now("kms")];
  await reached(
    server.database,
    await erase(server.database, tenant.id, leaving.user),
    "certified",
  );

  const then = await taken(...before);
  expect(then.of(leaving.user)).toEqual(["profile", "ciphertext", "metadata"]);
  const after = await taken(now("database"), now("keystore"), now("kms"));
  expect(after.of(leaving.user)).toEqual(["metadata"]);
  expect(after.of(customer.user)).toEqual(["profile", "ciphertext", "metadata"]);
  expect(after.verdict).toMatchObject({ isNoticeDue: true, accounts: 5, customers: 2 });

  const device = await taken(now("device", { device: agent.id }));
  expect(device.of(customer.user)).toEqual(["content"]);
  expect(device.of(leaving.user)).toBeUndefined();
  // Metadata alone still needs a notice. Keys without records do not.
  expect((await taken(now("metadata"))).verdict).toMatchObject({ isNoticeDue: true, accounts: 5 });
  expect((await taken(now("keystore"))).verdict).toMatchObject({ isNoticeDue: false, accounts: 0 });
});

test("what is recorded during an assessment is found for the accounts that were assessed before", async () => {
  const { customer, officer } = await arrange();
  const { body } = await openBreachBy(server, officer);
  await breachReached(officer, body.id);
  // So stands an assessment that has come to the last account and is not over.
  await server.database.owner.query(
    "update sealdesk.breaches set assessed_until = 'ffffffff-ffff-ffff-ffff-ffffffffffff' where case_id = $1",
    [body.id],
  );
  const more = { step: "record_taken", taken: [now("node")] };
  expect((await breachStep(officer, body.id, more)).status).toBe(204);
  await breachReached(officer, body.id);
  const { subjects } = (await officer.request("GET", `/v1/breaches/${body.id}/subjects`)).body;
  expect(subjects).toContainEqual({
    subject: customer.user,
    exposures: ["profile", "ciphertext", "metadata"],
  });
});

test("a breach is contained step by step, and closes only when nothing is left", async () => {
  const { tenant, customer, socket, agent, officer } = await arrange();
  expect(await openBreachBy(server, agent)).toMatchObject(refusal("forbidden"));
  const future = { discoveredAtMs: server.clock.now() + HOUR_MS };
  expect(await openBreachBy(server, officer, future)).toMatchObject(refusal("invalid_breach"));
  const { body } = await openBreachBy(server, officer, {
    taken: [now("database"), now("keystore"), now("kms")],
    regimes: ["gdpr", "dora"],
  });
  const { id } = body;
  const close = (by = officer) =>
    by.request("POST", `/v1/breaches/${id}/closure`, { body: { reason: "The copy is destroyed" } });
  const opened = await breachReached(officer, id);
  expect(opened["clocks"]).toContainEqual(
    expect.objectContaining({
      duty: "gdpr.authority",
      startsAtMs: opened["awareAtMs"],
      dueAtMs: opened["awareAtMs"] + 72 * HOUR_MS,
      state: "running",
    }),
  );
  expect(opened["letters"].map(({ audience }: { audience: string }) => audience)).toEqual([
    "authority",
    "subject",
  ]);
  expect(await close()).toMatchObject(refusal("breach_not_finished"));

  expect((await breachStep(officer, id, { step: "rotate_keys" })).status).toBe(204);
  const rotated = await breachReached(officer, id);
  expect(rotated["runbook"]).toContainEqual(
    expect.objectContaining({ step: "rotate_keys", doneAtMs: expect.any(Number) }),
  );
  const entries = await server.auditEntries(tenant);
  expect(entries.filter(({ action }) => action === "keys.rotate_kek")).toHaveLength(1);
  expect(entries.map(({ action }) => action)).toContain("keys.destroy_kek_versions");

  const notice = (duty: string, more: object) => breachStep(officer, id, { duty, ...more });
  const sent = { step: "record_notice", atMs: server.clock.now() };
  expect((await notice("gdpr.authority", sent)).status).toBe(204);
  expect(await notice("gdpr.authority", sent)).toMatchObject(refusal("notice_not_due"));
  expect(await notice("hipaa.individuals", sent)).toMatchObject(refusal("notice_not_due"));
  const waived = { step: "waive_notice", ground: "The incident is not major: Article 18(1)" };
  for (const duty of ["gdpr.subjects", "dora.clients", "dora.initial"])
    expect((await notice(duty, waived)).status).toBe(204);
  // The sessions are not revoked yet.
  expect(await close()).toMatchObject(refusal("breach_not_finished"));
  expect((await breachStep(officer, id, { step: "revoke_sessions" })).status).toBe(204);
  await socket.closed;
  expect((await customer.request("GET", "/v1/conversations")).status).toBe(401);
  expect((await agent.request("GET", "/v1/conversations")).status).toBe(401);
  expect((await officer.request("GET", "/v1/breaches")).status).toBe(401);
  const other = await staffDevice(server, "compliance_officer", tenant);
  await breachReached(other, id);
  expect((await close(other)).status).toBe(204);
  expect(await breachStep(other, id, { step: "rotate_keys" })).toMatchObject(refusal("case_moved"));
});

test("what becomes known later is assessed again", async () => {
  const { customer, officer } = await arrange();
  const { body } = await openBreachBy(server, officer, { taken: [now("database")] });
  const { id } = body;
  expect((await breachReached(officer, id))["verdict"].exposed).not.toHaveProperty("profile");
  const more = { step: "record_taken", taken: [now("node")] };
  expect((await breachStep(officer, id, more)).status).toBe(204);
  const shown = await breachReached(officer, id);
  expect(shown["verdict"].exposed).toMatchObject({ profile: 5 });
  const { subjects } = (await officer.request("GET", `/v1/breaches/${id}/subjects`)).body;
  expect(subjects).toContainEqual({
    subject: customer.user,
    exposures: ["profile", "ciphertext", "metadata"],
  });
});

test("the operator handles a breach, and takes the evidence", async () => {
  const { tenant, customer, agent } = await arrange();
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-breach-"));
  const run = async (...words: string[]) => {
    const { out, err } = await runSealdesk(server, [...words, "--tenant", tenant.slug]);
    return out + err;
  };
  const moment = new Date(server.clock.now()).toISOString();
  const opening = [
    "breach",
    "open",
    "--description",
    "A laptop was stolen",
    "--discovered",
    moment,
  ];
  expect(await run(...opening)).toContain("--taken");
  const taken = ["--taken", `device:${agent.id}=${moment}`, "--regime", "hipaa"];
  const opened = await run(...opening, ...taken);
  const [, id = ""] = /^Breach (\S+) is open/.exec(opened) ?? [];
  await until(async () => (await run("breach", "show", id)).includes("A notice is due"));
  const shown = await run("breach", "show", id);
  expect(shown).toContain("content: 2 people");
  expect(shown).toContain("hipaa.individuals  running");
  expect(await run("breach", "list")).toContain(`${id}  open`);
  expect(await run("breach", "step", id, "shout")).toContain("The step is one of");
  const waiving = [
    "--duty",
    "hipaa.secretary_yearly",
    "--ground",
    "It goes with the yearly report",
  ];
  expect(await run("breach", "step", id, "waive_notice", ...waiving)).toContain("It is recorded.");
  expect(await run("breach", "close", id, "--reason", "x")).toContain("not_sent_hipaa_individuals");

  const out = join(folder, "evidence");
  expect(await run("breach", "evidence", id, "--out", out)).toContain("2 accounts");
  const file = (name: string) => readFile(join(out, name), "utf8");
  expect(await file("subjects.csv")).toContain(`${customer.user},content\n`);
  expect(JSON.parse(await file("breach.json"))).toMatchObject({ id, state: "open" });
  expect(await file("draft-to-subject.txt")).toContain("A laptop was stolen");
  expect(await file("audit-log/checkpoint")).toContain("\n");
  expect(await run("breach", "evidence", id, "--out", out)).toContain("could not be written");
  await rm(folder, { recursive: true });
});
