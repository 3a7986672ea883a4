import { joined, readTexts } from "../support/member.ts";
import { RestorableSystem } from "../support/restorable-system.ts";
import { BACKUP_OF, REASON, type RestorableServer } from "../support/restorable-server.ts";
import { until } from "../support/until.ts";

let system: RestorableSystem;
let server: RestorableServer;

beforeEach(async () => {
  system = await RestorableSystem.make();
  ({ server } = system);
}, 120_000);
afterEach(() => system.close());

const exportKeysTo = (folder: string) =>
  server.done("audit", "export", "--tenant", "demo", "--keys", "--out", server.at(folder));

/** Verifies one export of the key log against the checkpoint of another. @returns the exit status */
function verifyKeys(folder: string, old: string) {
  const vkey = server.done("audit", "vkey", "--tenant", "demo", "--keys").trim();
  const options = ["--vkey", vkey, "--old", `${server.at(old)}/checkpoint`];
  for (const each of server.approvers.split(",")) options.push("--approver", each);
  return server.run(["audit", "verify", server.at(folder), ...options]).status;
}

const isRestored = {
  code: "log_restored",
  backupOfMs: Date.parse(BACKUP_OF),
  declaredAtMs: expect.any(Number),
  reason: REASON,
  approvedBy: [expect.stringMatching(/^alice\+/), expect.stringMatching(/^bob\+/)],
  publishedSize: expect.any(Number),
  continuesSize: expect.any(Number),
  seenSize: expect.any(Number),
} as unknown;

test("devices that saw the longer key log accept the restored one, and say so once", async () => {
  const cleo = await system.customer();
  await cleo.sealdesk.close();
  await server.stop();
  exportKeysTo("kept");
  server.backUp();
  await system.started();
  const again = await system.restarted(cleo);
  const robin = await system.staff("robin");
  // Cleo reads of robin's new device in the key log, and so keeps its longer head.
  const asking = await again.sealdesk.openConversation({ with: [robin.sealdesk.user.id] });
  await asking.send("hello");
  expect(await readTexts(await joined(robin, asking.id), 1)).toEqual(["hello"]);
  await Promise.all([again, robin].map((each) => each.sealdesk.close()));
  await server.stop();
  exportKeysTo("lost");
  await server.putBack();
  server.start();
  await until(async () => (await server.readyz()).includes("audit_log_behind"));
  await server.stop();
  server.declareAndApply("note");
  exportKeysTo("after");
  expect(verifyKeys("after", "kept")).toBe(0);
  expect(verifyKeys("after", "lost")).toBe(3);
  await system.started();

  // The device learns of it before its application listens.
  let after = await again.restart();
  await until(async () => (await after.sealdesk.keyLogRestores()).length > 0);
  system.watched(after);
  await until(() => system.codesOf(after).includes("log_restored"));
  expect(system.eventsOf(after)).toEqual([isRestored]);
  expect(await after.sealdesk.keyLogEvidence()).toEqual([]);
  expect(await after.sealdesk.keyLogRestores()).toMatchObject([
    { statement: expect.stringContaining("sealdesk-log-restore/v1") as string },
  ]);
  // A new device is registered and found in the shorter log.
  const sam = await system.staff("sam");
  const further = await after.sealdesk.openConversation({ with: [sam.sealdesk.user.id] });
  await further.send("after");
  expect(await readTexts(await joined(sam, further.id), 1)).toEqual(["after"]);
  await after.sealdesk.close();
  after = await system.restarted(after);
  await after.sealdesk.synced();
  const more = await after.sealdesk.openConversation({ with: [sam.sealdesk.user.id] });
  await more.send("more");
  expect(system.codesOf(after)).toEqual([]);
}, 240_000);

test("a key log that only became shorter is still found", async () => {
  const cleo = await system.customer();
  await cleo.sealdesk.close();
  await server.stop();
  server.backUp();
  await server.backUpCheckpoints();
  await system.started();
  const again = await system.restarted(cleo);
  const robin = await system.staff("robin");
  const asking = await again.sealdesk.openConversation({ with: [robin.sealdesk.user.id] });
  await asking.send("hello");
  await Promise.all([again, robin].map((each) => each.sealdesk.close()));
  await server.stop();
  await server.putBack();
  // As docs/audit.md forbids: the older checkpoints are put back too, and nothing is declared.
  await server.putBackCheckpoints();
  await system.started();
  const after = await system.restarted(again);
  await until(() => system.codesOf(after).includes("key_log_inconsistent"));
  expect(system.codesOf(after)).not.toContain("log_restored");
}, 240_000);
