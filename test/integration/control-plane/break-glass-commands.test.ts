import { approve, askForAccess, forbidJoining, letLapse } from "../../support/break-glass.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function run(...words: string[]): Promise<string> {
  const { out, err } = await runSealdesk(server, [...words, "--tenant", server.tenant.slug]);
  return out + err;
}

test("the operator sees, refuses and ends requests, and approves versions only", async () => {
  const [customer, agent, asker] = [
    await customerDevice(server),
    await staffDevice(server),
    await staffDevice(server),
  ];
  const officers = [
    await staffDevice(server, "compliance_officer"),
    await staffDevice(server, "compliance_officer"),
  ];
  const conversation = await createConversation(customer, [agent]);
  await forbidJoining(server, server.tenant);
  expect(await run("approval", "list")).toContain("Nothing waits");

  await run("policy", "draft", "--restore", "0", "--as", "ann", "--because", "a test");
  const [version = ""] = (await run("approval", "list")).split("  ");
  const { hash } = JSON.parse(await run("approval", "show", version)) as { hash: string };
  const answer = (...words: string[]) => run("approval", ...words);
  expect(await answer("approve", version, "--hash", hash, "--as", "ann")).toContain(
    "Another person must approve",
  );
  expect(await answer("withdraw", version, "--as", "ann")).toContain("It is withdrawn.");

  const { id } = (await askForAccess(asker, conversation)).body;
  expect(await run("approval", "list")).toContain("0 of 2 approved");
  const shown = JSON.parse(await run("approval", "show", id)) as { hash: string };
  expect(await answer("approve", id, "--hash", shown.hash, "--as", "ann")).toContain(
    "Two members of staff approve access",
  );
  expect(await answer("refuse", id, "--as", "ann")).toContain("It is refused.");
  expect(await run("break-glass", "list")).toContain("refused");

  const request = (await askForAccess(asker, conversation)).body;
  for (const officer of officers) expect((await approve(officer, request)).status).toBe(200);
  expect(await run("break-glass", "end", request.id, "--as", "ann")).toContain("is over");
  expect(await run("break-glass", "list")).toContain("ended, waits for a review");
  const review = () =>
    run("break-glass", "review", request.id, "--finding", "justified", "--as", "ann");
  expect(await review()).toContain("is reviewed");
  expect(await review()).toContain("was reviewed before");

  const last = (await askForAccess(asker, conversation)).body;
  for (const officer of officers) await approve(officer, last);
  await letLapse(server, last.id);
  await until(async () => (await run("break-glass", "list")).includes("waits for a review"));
});
