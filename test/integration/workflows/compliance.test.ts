import { Command } from "commander";
import { existsSync } from "node:fs";
import { registerCommands } from "../../../cli/command-groups.ts";
import { checkList } from "../../../workflows/compliance/check-list.ts";
import { controlsMarkdown } from "../../../workflows/compliance/controls/controls-markdown.ts";
import { controlsOscal } from "../../../workflows/compliance/controls/controls-oscal.ts";
import { mapControls } from "../../../workflows/compliance/controls/map-controls.ts";
import { measures } from "../../../workflows/compliance/controls/measures.ts";
import { frameworks, requirements } from "../../../workflows/compliance/controls/requirements.ts";
import { componentDefinition } from "../../support/oscal-schema.ts";
import { openBreachBy } from "../../support/breaches.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { placeHold } from "../../support/holds.ts";
import { askFor } from "../../support/requests.ts";
import { runSealdesk, runSealdeskAlone } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface ShownCheck {
  readonly name: string;
  readonly state: string;
  readonly found: string;
}

/** The report over HTTP, by the names of the checks. */
async function reportOf(officer: Awaited<ReturnType<typeof staffDevice>>) {
  const { status, body } = await officer.request("GET", "/v1/compliance-report");
  expect(status).toBe(200);
  const checks: readonly ShownCheck[] = [...body.deployment, ...body.checks];
  return {
    verdict: body.verdict as string,
    of: Object.fromEntries(checks.map((c) => [c.name, c])),
  };
}

test("the report finds what is overdue, and officers of the tenant alone read it", async () => {
  const tenant = await server.createTenant();
  const officer = await staffDevice(server, "compliance_officer", tenant);
  const [agent, customer] = [
    await staffDevice(server, "agent", tenant),
    await customerDevice(server, undefined, tenant),
  ];
  expect((await agent.request("GET", "/v1/compliance-report")).body).toMatchObject({
    code: "forbidden",
  });
  const before = await reportOf(officer);
  expect(Object.keys(before.of)).toEqual(Object.keys(checkList));
  const states = (names: readonly string[], of: typeof before.of) =>
    Object.fromEntries(names.map((name) => [name, of[name]?.state]));
  expect(states(["database", "keystore", "key_service", "clock", "ledger"], before.of)).toEqual({
    database: "ok",
    keystore: "ok",
    key_service: "ok",
    clock: "ok",
    ledger: "ok",
  });
  const due = ["holds", "requests", "breaches", "staffing", "key_custody", "backups"];
  expect(states(due, before.of)).toEqual({
    holds: "ok",
    requests: "ok",
    breaches: "ok",
    // There is no administrator.
    staffing: "failed",
    key_custody: "warning",
    backups: "unknown",
  });

  expect((await placeHold(server, officer, officer, { subject: customer.user })).status).toBe(201);
  await askFor(customer, "access");
  const long = { discoveredAtMs: server.clock.now() - 4 * DAY_MS };
  expect((await openBreachBy(server, officer, long)).status).toBe(201);
  // What would take months: the review, the due date and the notice are past.
  await server.database.owner.query(
    `update sealdesk.holds set placed_at_ms = 1, review_at_ms = 2 where tenant = '${tenant.id}'`,
  );
  await server.database.owner.query(
    `update sealdesk.cases set due_at_ms = 1 where tenant = '${tenant.id}' and kind = 'request'`,
  );
  await until(async () => (await reportOf(officer)).of["breaches"]?.state === "failed");
  const after = await reportOf(officer);
  expect(states(["holds", "requests"], after.of)).toEqual({ holds: "failed", requests: "failed" });
  expect(after.verdict).toBe("failed");
  expect(after.of["holds"]?.found).toBe("1 of 1 holds in force are past their review.");
  // Another tenant has none of it.
  expect((await reportOf(await staffDevice(server, "auditor"))).of["holds"]?.state).toBe("ok");
});

test("the doctor says by its exit code how it is", async () => {
  const doctor = async (...words: string[]) => {
    const { code, out } = await runSealdesk(server, ["doctor", ...words]);
    return { code, out };
  };
  const healthy = await doctor();
  expect(healthy).toMatchObject({ code: 0, out: expect.stringContaining("All is well.") });
  expect(healthy.out).not.toContain("Accounts that can sign in");
  const { code, out } = await doctor("--compliance", "--tenant", server.tenant.slug, "--json");
  const report = JSON.parse(out) as {
    readonly verdict: string;
    readonly sections: readonly { tenant: string | null; checks: readonly ShownCheck[] }[];
  };
  expect({ code, verdict: report.verdict }).toEqual({ code: 1, verdict: "failed" });
  expect(report.sections.map(({ tenant }) => tenant)).toEqual([null, server.tenant.slug]);
  expect(await doctor("--tenant", server.tenant.slug)).toMatchObject({ code: 1 });
  const gone = await runSealdeskAlone(["doctor", "--json"], {
    SEALDESK_HOME: server.home,
    DATABASE_OWNER_URL: "postgres://nobody@127.0.0.1:1/none",
  });
  expect(gone.code).toBe(1);
  expect(JSON.parse(gone.out)).toMatchObject({
    verdict: "failed",
    sections: [{ checks: [{ name: "database", state: "failed" }] }],
  });
});

/** Every command of the program, by the words that call it. */
async function commands(): Promise<ReadonlyMap<string, readonly string[]>> {
  const program = new Command();
  await registerCommands(program, {} as never, []);
  const found = new Map<string, readonly string[]>();
  const walk = (command: Command, words: readonly string[]): void => {
    if (command.commands.length === 0)
      found.set(
        words.join(" "),
        command.options.map(({ long }) => long ?? ""),
      );
    for (const each of command.commands) walk(each, [...words, each.name()]);
  };
  walk(program, []);
  return found;
}

test("every file, test, command and option that the control mapping names exists, and no cell is empty", async () => {
  const known = await commands();
  for (const [name, { code, tests, evidence, setting, does }] of Object.entries(measures)) {
    expect({ name, missing: [...code, ...tests].filter((path) => !existsSync(path)) }).toEqual({
      name,
      missing: [],
    });
    expect([code.length > 0, tests.length > 0, does, setting].every(Boolean)).toBe(true);
    for (const named of `${evidence}, ${setting}`.matchAll(/sealdesk ([a-z -]+)/g)) {
      const words = named[1]!.split(" --")[0]!.trim();
      expect({ name, words: known.has(words) ? words : undefined }).toEqual({ name, words });
      for (const [option] of evidence.matchAll(/--[a-z]+/g))
        if (evidence.startsWith(`sealdesk ${words}`))
          expect({ words, option, known: known.get(words)?.includes(option) }).toEqual({
            words,
            option,
            known: true,
          });
    }
  }
  const used = new Set(requirements.flatMap((each) => each.measures));
  expect([...used].toSorted()).toEqual(Object.keys(measures).toSorted());
  for (const framework of Object.keys(frameworks))
    expect(requirements.some((each) => each.framework === framework)).toBe(true);
  const rows = controlsMarkdown(mapControls([]), { organisation: "Example", checkedAtMs: 0 })
    .split("\n")
    .filter((line) => line.startsWith("|"));
  expect(rows.length).toBeGreaterThan(requirements.length);
  for (const row of rows)
    expect(
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .filter((cell) => cell.trim() === ""),
    ).toEqual([]);
});

test("the mapping is a component definition of OSCAL, and the same requirement keeps its id", () => {
  const about = { organisation: "Example", checkedAtMs: 0, version: "1.0.0" };
  const document = controlsOscal(mapControls([]), about);
  expect(componentDefinition.safeParse(document).error).toBeUndefined();
  const idsOf = (atMs: number) =>
    controlsOscal(mapControls([]), { ...about, checkedAtMs: atMs })[
      "component-definition"
    ].components[0]!["control-implementations"].flatMap((each) =>
      each["implemented-requirements"].map(({ uuid }) => uuid),
    );
  expect(idsOf(1)).toEqual(idsOf(0));
  expect(new Set(idsOf(0)).size).toBe(requirements.length);
});

test("the operator prints the mapping and the records of processing", async () => {
  const run = async (...words: string[]) => {
    const { code, out } = await runSealdesk(server, [...words, "--tenant", server.tenant.slug]);
    expect(code).toBe(0);
    return out;
  };
  expect(await run("controls")).toContain("164.312(a)(2)(iii): automatic logoff");
  const oscal: unknown = JSON.parse(await run("controls", "--format", "oscal"));
  expect(componentDefinition.safeParse(oscal).error).toBeUndefined();
  expect(await run("controls", "--format", "json")).not.toContain("did not run");
  const records = await run("processing-records");
  for (const letter of "abcdefg") expect(records).toContain(`## (${letter})`);
  expect(JSON.parse(await run("processing-records", "--json"))).toMatchObject({
    controller: null,
    retention: [],
  });
});
