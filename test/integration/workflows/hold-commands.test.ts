import { customerDevice, staffDevice } from "../../support/device.ts";
import { deferByHold } from "../../support/holds.ts";
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

test("the operator places, shows, reviews and releases a hold with a second person", async () => {
  const [customer, custodian] = [await customerDevice(server), await staffDevice(server)];
  const day = (days: number) =>
    new Date(server.clock.now() + days * 86_400_000).toISOString().slice(0, 10);
  const placing = ["hold", "place", "--matter", "2026/117", "--citation", "FRCP 37(e)"];
  const by = ["--custodian", custodian.user, "--review-on", day(90)];
  expect(await run(...placing, ...by)).toContain("Name --subject, --conversation");
  const placed = await run(...placing, ...by, "--subject", customer.user, "--as", "ann");
  const [, id = ""] = /^Hold (\S+) is in force\. It covers 0 conversations/.exec(placed) ?? [];
  const shown = JSON.parse(await run("hold", "show", id)) as { readonly commitment: string };
  expect(shown).toMatchObject({ matter: "2026/117", placedBy: "operator:ann" });
  expect(placed).toContain(`commitment ${shown.commitment}`);
  expect(await run("hold", "review", id, "--review-on", day(180))).toContain(day(180));
  expect(await run("hold", "list")).toContain(`${id}  in force  review ${day(180)}`);

  const erasure = await deferByHold(server, server.tenant, customer, id as never);
  expect(await run("hold", "release", id, "--as", "ann")).toContain("Say why with --because");
  const asked = await run("hold", "release", id, "--as", "ann", "--because", "it is settled");
  const [, request = ""] = /^request (\S+)$/m.exec(asked) ?? [];
  const [, hash = ""] = /^hash (\S+)$/m.exec(asked) ?? [];
  const approve = (name: string) =>
    run("approval", "approve", request, "--hash", hash, "--as", name);
  expect(await approve("ann")).toContain("Another person must approve");
  expect(await run("hold", "reopened")).toContain("No erasure waits");
  expect(await approve("ben")).toContain("It is approved and done.");
  expect(await run("hold", "list")).toContain(`${id}  released`);
  expect(await run("hold", "reopened")).toContain(`${erasure}  subject ${customer.user}`);
  expect(await run("hold", "attend", erasure)).toContain("erase run");
  expect(await run("hold", "reopened")).toContain("No erasure waits");
});
