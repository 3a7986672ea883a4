import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { RestorableSystem } from "../support/restorable-system.ts";
import { until } from "../support/until.ts";

let system: RestorableSystem;
beforeAll(async () => {
  system = await RestorableSystem.make();
});
afterAll(() => system.close());

const LEDGER = "erasure-ledger";

test("a backup of database and keystore from before an erasure brings nobody back", async () => {
  const { server } = system;
  const [customer, agent] = [await system.customer(), await system.staff("robin")];
  const { user } = customer.sealdesk;
  const conversation = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  await conversation.send("the first words");
  const before = server.done("erase", "plan", user.id, "--tenant", "demo");
  expect(before).toContain("conversation");
  await system.backUp();
  const begun = server.done("erase", "run", user.id, "--tenant", "demo", "--window-hours", "0");
  const id = /^Case (\S+)\./.exec(begun)?.[1] as CaseId;
  const out = server.at("certificate.json");
  await until(() => {
    const { status } = server.run(["erase", "certificate", id, "--tenant", "demo", "--out", out]);
    return status === 0;
  });
  const key = server.done("audit", "vkey", "--tenant", "demo").trim();
  expect(server.done("verify", "certificate", out, "--key", key)).toMatch(/^Verified with the key/);
  const last = /Last entry: (\d+)/.exec(server.done("ledger", "verify"))?.[1];
  expect(Number(last)).toBeGreaterThan(1);

  await server.stop();
  await server.putBack();
  expect(server.done("ledger", "status")).toMatch(/Database: lacks \d+\./);
  // The ledger is away: the server refuses to start, and says what to do.
  await rename(join(server.home, LEDGER), server.at(LEDGER));
  const started = server.run(["start"]);
  expect(started).toMatchObject({ status: 1 });
  expect(started.err).toMatch(/^There is no erasure ledger at .* Put the ledger back/);
  await rename(server.at(LEDGER), join(server.home, LEDGER));

  server.declareAndApply("restore.note");
  await system.started();
  expect(server.done("ledger", "status")).toMatch(
    /Database: has all of them\nKeystore: has all of them/,
  );
  const plan = server.done("erase", "plan", user.id, "--tenant", "demo");
  expect(plan).not.toContain("conversation");
  // The person holds a session and a device from before, which the backup has too.
  await customer.sealdesk.close();
  await expect(system.restarted(customer)).rejects.toMatchObject({ code: "subject_erased" });
  const replayed = server.done("audit", "tail", "--tenant", "demo", "--lines", "100");
  expect(replayed).toContain("erasure.replay");

  await server.stop();
  const entries = await readdir(join(server.home, LEDGER));
  await rm(join(server.home, LEDGER, entries.toSorted().at(-1)!));
  expect(server.run(["start"]).err).toMatch(/lacks the entry \d+, which the database knows/);
}, 300_000);
