import { readFile, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { lineFormatNames, lineFormats } from "../../../audit/export/formats.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const alice = ["--as", "alice@example", "--ticket", "CHG-4711", "--because", "The contract ended"];
const person = {
  name: "alice@example",
  source: "as",
  ticket: "CHG-4711",
  reason: "The contract ended",
};

async function run(...args: readonly string[]) {
  const result = await runSealdesk(server, args, "correct-horse-battery-1\n");
  expect([result.code, result.err]).toEqual([0, ""]);
}

const personOf = async (action: string) =>
  (await server.auditEntries()).findLast((entry) => entry["action"] === action)?.["actor"];

test("each act of an operator names the person, the ticket and the reason", async () => {
  const { slug } = server.tenant;
  const out = join(server.home, "out");
  const acts: readonly (readonly [string, ...string[]])[] = [
    ["tenant.suspend", "tenant", "suspend", "--slug", slug],
    ["tenant.resume", "tenant", "resume", "--slug", slug],
    ["tenant.allow_staff_grants", "tenant", "staff-grants", "--slug", slug, "--set", "on"],
    [
      "tenant.add_origin",
      "tenant",
      "origins",
      "add",
      "--slug",
      slug,
      "--origin",
      "https://one.example",
    ],
    ["user.create", "user", "create", "--tenant", slug, "--username", "mira", "--role", "auditor"],
    [
      "account.reset",
      "user",
      "reset",
      "--tenant",
      slug,
      "--username",
      "mira",
      "--reason",
      "devices_lost",
    ],
    ["server_key.rotate", "keys", "rotate", "--name", "tokens"],
    ["server_keys.rewrap_begin", "keys", "rewrap"],
    ["keys.rotate_kek_begin", "keys", "rotate-kek", "--tenant", slug],
    ["audit.set_retention", "audit", "retention", "--tenant", slug, "--days", "3000"],
    ["audit.tail", "audit", "tail", "--tenant", slug],
    ["audit.export", "audit", "export", "--tenant", slug, "--format", "csv", "--out", out],
  ];
  for (const [action, ...args] of acts) {
    await run(...alice, ...args);
    expect([action, await personOf(action)]).toEqual([
      action,
      { kind: "system", id: "operator", person },
    ]);
  }
}, 120_000);

test("without --as, the act names the login", async () => {
  await run("tenant", "resume", "--slug", server.tenant.slug);
  expect(await personOf("tenant.resume")).toEqual({
    kind: "system",
    id: "operator",
    person: { name: userInfo().username, source: "login" },
  });
});

test("every format shows the person", async () => {
  const { slug } = server.tenant;
  await run(...alice, "tenant", "resume", "--slug", slug);
  for (const format of lineFormatNames) {
    const out = join(server.home, format);
    await run("audit", "export", "--tenant", slug, "--format", format, "--out", out);
    const { extension } = lineFormats[format];
    const text = await readFile(join(out, `entries.${extension}`), "utf8");
    const line = text.split("\n").findLast((each) => each.includes("tenant.resume")) ?? "";
    expect([format, line]).toEqual([format, expect.stringContaining("alice@example")]);
    await rm(out, { recursive: true });
  }
}, 60_000);

test("a name that cannot be shown on one line is refused, and nothing is done", async () => {
  const { code, err } = await runSealdesk(server, [
    "--as",
    "alice\nbob",
    "tenant",
    "suspend",
    "--slug",
    server.tenant.slug,
  ]);
  expect([code, err]).toEqual([1, expect.stringContaining("--as takes at most 100 letters")]);
});
