import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { customerDevice } from "../../support/device.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-requests-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(...words: string[]): Promise<string> {
  const { out, err } = await runSealdesk(server, [...words, "--tenant", server.tenant.slug]);
  return out + err;
}

test("the operator accepts an erasure, shows it, gives the person a new link, and withdraws it", async () => {
  const customer = await customerDevice(server);
  const opened = await run("request", "open", "--subject", customer.user, "--right", "erasure");
  const [, id = ""] = /^Request (\S+) is due/m.exec(opened) ?? [];
  const again = await run("request", "open", "--subject", customer.user, "--right", "erasure");
  expect(again).not.toContain("/request-status#");
  const accepting = ["request", "decide", id, "--decision", "accepted", "--window-hours"];
  expect(await run(...accepting, "721")).toContain("--window-hours takes");
  expect(await run(...accepting, "24")).toContain("accepted");
  const { erasure } = JSON.parse(await run("request", "show", id)) as {
    readonly erasure: { readonly id: string };
  };
  expect(JSON.parse(await run("erase", "show", erasure.id))).toMatchObject({
    subject: customer.user,
    request: id,
    items: [],
  });
  expect(await run("request", "renew-link", id)).toMatch(/\/request-status#\S+\.\S{43}$/m);
  expect(await run("request", "withdraw", id)).toContain("withdrawn");
  expect(JSON.parse(await run("erase", "show", erasure.id))).toMatchObject({ state: "withdrawn" });
  const actions = (await server.auditEntries()).map(({ action }) => action);
  for (const action of [
    "request.renew_link",
    "request.withdraw",
    "erasure.withdraw",
    "erasure.show",
  ])
    expect(actions).toContain(action);
});

test("the operator records, shows, extends and decides a request", async () => {
  const customer = await customerDevice(server);
  const rules = join(folder, "rules.json");
  const laws = [{ law: "hipaa" }];
  await writeFile(rules, JSON.stringify({ timeZone: "America/Chicago", holidays: [], laws }));
  expect(await run("request", "rules", "set", rules)).toContain("Version 1");
  const opening = ["request", "open", "--subject", customer.user, "--right"];
  expect(await run(...opening, "everything")).toContain("--right is one of");
  const opened = await run(...opening, "accounting", "--as", "ann");
  const [, id = ""] = /^Request (\S+) is due on \d{4}-\d\d-\d\d\.$/m.exec(opened) ?? [];
  expect(opened).toMatch(/\/request-status#\S+\.\S{43}$/m);
  expect(await run("request", "list")).toContain(`${id} accounting received due`);
  expect(JSON.parse(await run("request", "show", id))).toMatchObject({
    law: "hipaa",
    citation: "45 CFR 164.528(c)(1)",
  });
  expect(await run("request", "extend", id, "--reason", "much to count")).toContain("due on");
  expect(await run("request", "decide", id, "--decision", "accepted")).toContain("accepted");
  expect(await run("case", "repeat", id)).toContain("No step of this case failed");
  expect(await run("request", "decide", id, "--decision", "answered")).toContain("answered");
  expect(await run("request", "list")).toContain("No request waits");
  const shown = JSON.parse(await run("case", "show", id)) as { readonly steps: readonly object[] };
  expect(shown).toMatchObject({ state: "answered", kind: "request" });
  expect(shown.steps).toHaveLength(2);
});
