import { appeal, decideReport, reportedMessage } from "../../support/reports.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { staffDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function run(...words: string[]): Promise<string> {
  const { out, err } = await runSealdesk(server, [...words, "--tenant", server.tenant.slug]);
  return out + err;
}

test("the operator lists, shows and decides; a ban waits for a second person", async () => {
  const { id, agent, customer, disclosed } = await reportedMessage(server);
  expect(await run("report", "list")).toContain(`${id}  open  threat`);
  const shown = await run("report", "show", id);
  expect(shown).toContain(`by ${customer.user}  about ${agent.user}`);
  expect(shown).toContain(`#${disclosed.seq}`);
  expect(shown).toContain('"I know where you live"');
  expect(JSON.parse(await run("report", "show", id, "--json"))).toMatchObject({
    messages: [{ content: { text: "I know where you live" } }],
  });

  const decide = (...words: string[]) =>
    run("report", "decide", id, "--reason", "a test", ...words);
  expect(await decide("--decision", "mute")).toContain("A mute needs --hours.");
  expect(await decide("--decision", "mute", "--hours", "9999")).toContain("from 1 to 2160");
  expect(await decide("--decision", "warn", "--hours", "1")).toContain("goes with a mute or a ban");
  expect(await decide("--decision", "jail")).toContain("dismiss, warn, mute or ban");
  const bad = await run("report", "decide", id, "--reason", "two\nlines", "--decision", "warn");
  expect(bad).toContain("The reason is one line");
  expect(await run("report", "show", "nothing")).toContain("Give the id of a report");

  const asked = await decide("--decision", "ban", "--hours", "24", "--as", "ann");
  const [, request = "", hash = ""] = /^Request (\S+) with the hash (\S+) waits/.exec(asked) ?? [];
  const approve = (name: string) =>
    run("approval", "approve", request, "--hash", hash, "--as", name);
  expect(await approve("ann")).toContain("Another person must approve");
  expect(await approve("ben")).toContain("It is approved and done.");
  expect(await run("report", "list")).toContain("No report waits");
  expect(await run("report", "list", "--all")).toContain(`${id}  ban`);
  expect(await decide("--decision", "dismiss")).toContain("Somebody has decided");
  expect(await run("report", "count")).toContain("open 0  ban 1");
  const actions = (await server.auditEntries()).map(({ action }) => action);
  expect(actions).toEqual(
    expect.arrayContaining(["report.list", "report.read", "report.request_ban", "report.count"]),
  );
});

test("the operator mutes and dismisses alone", async () => {
  const [first, second] = [await reportedMessage(server), await reportedMessage(server)];
  const decide = (id: string, ...words: string[]) =>
    run("report", "decide", id, "--reason", "a test", ...words);
  expect(await decide(first.id, "--decision", "mute", "--hours", "3", "--as", "ann")).toContain(
    "for 3 hours",
  );
  expect(await decide(second.id, "--decision", "dismiss")).toContain("is decided: dismiss");
  const moderator = await staffDevice(server, "moderator");
  expect((await appeal(first.agent, first.id)).status).toBe(204);
  expect(await run("report", "list")).toContain(`${first.id}  mute  appealed`);
  const answer = (name: string) =>
    run("report", "appeal", first.id, "--outcome", "lifted", "--reason", "a test", "--as", name);
  expect(await run("report", "appeal", first.id, "--outcome", "no", "--reason", "x")).toContain(
    "--outcome is upheld or lifted.",
  );
  expect(await answer("ann")).toContain("Another person must decide");
  expect(await answer("ben")).toContain("is decided: lifted");
  const again = await decideReport(moderator, first.id, { decision: "warn" });
  expect(again.body.code).toBe("report_decided");
});
