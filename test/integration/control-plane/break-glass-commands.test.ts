import { approve, askForAccess, forbidJoining, type Requested } from "../../support/break-glass.ts";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
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

const answer = (...words: string[]) => run("approval", ...words);

test("the operator sees a request for a version, and does not approve their own", async () => {
  await run("policy", "draft", "--restore", "0", "--as", "ann", "--because", "a test");
  const [id = ""] = (await answer("list")).split("  ");
  const { hash } = JSON.parse(await answer("show", id)) as { hash: string };
  expect(await answer("approve", id, "--hash", hash, "--as", "ann")).toContain(
    "Another person must approve",
  );
  expect(await answer("withdraw", id, "--as", "ann")).toContain("It is withdrawn.");
  expect(await answer("list")).toContain("Nothing waits");
});

/** Somebody who may not join asks for access. */
async function asking() {
  const [customer, agent] = [await customerDevice(server), await staffDevice(server)];
  const asker = await staffDevice(server);
  const conversation = await createConversation(customer, [agent]);
  await forbidJoining(server, server.tenant);
  return (await askForAccess(asker, conversation)).body as Requested;
}

test("the operator refuses access, and approves none", async () => {
  const { id, hash } = await asking();
  const inHex = Buffer.from(hash, "base64url").toString("hex");
  expect(await answer("list")).toContain("0 of 2 approved");
  expect(await answer("approve", id, "--hash", inHex, "--as", "ann")).toContain(
    "Two members of staff approve access",
  );
  expect(await answer("refuse", id, "--as", "ann")).toContain("It is refused.");
  expect(await run("break-glass", "list")).toContain("refused");
});

test("the operator ends an access and reviews it, once", async () => {
  const request = await asking();
  for (const role of ["compliance_officer", "supervisor"] as const)
    expect((await approve(await staffDevice(server, role), request)).status).toBe(200);
  expect(await run("break-glass", "end", request.id, "--as", "ann")).toContain("is over");
  expect(await run("break-glass", "list")).toContain("ended, waits for a review");
  const review = () =>
    run("break-glass", "review", request.id, "--finding", "justified", "--as", "ann");
  expect(await review()).toContain("is reviewed");
  expect(await review()).toContain("was reviewed before");
});
