import { rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { openDevelopmentKey, signCustomerToken } from "../../keys/tokens/development-key.ts";
import type { Credentials, SecurityEvent } from "../../client/index.ts";
import { connect, joined, readTexts, type Member } from "../support/member.ts";
import { BACKUP_OF, REASON, RestorableServer } from "../support/restorable-server.ts";
import type { TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: RestorableServer;
const eventsOf = new Map<Member, SecurityEvent[]>();

async function staff(username: string): Promise<Member> {
  const password = await server.passwordOf(username);
  const credentials = { grant: "password", tenant: "demo", username, password } as const;
  return connected(credentials);
}

/** A device that knows the approvers. */
const connected = async (credentials: Credentials) =>
  watched(
    await connect(server as unknown as TestServer, credentials, {
      restoreApprovers: server.approvers.split(","),
    }),
  );

async function customer(): Promise<Member> {
  const subject = randomUUID();
  const token = async () =>
    signCustomerToken(await openDevelopmentKey(server.home), {
      tenant: "demo",
      subject,
      audience: server.url,
      now: Date.now(),
    });
  const credentials = { grant: "customer_token", tenant: "demo", token } as const;
  return connected(credentials);
}

function watched(member: Member): Member {
  const events: SecurityEvent[] = [];
  eventsOf.set(member, events);
  member.desk.on("security", (event) => events.push(event));
  return member;
}

const restarted = async (member: Member) => watched(await member.restart());
const codesOf = (member: Member) => eventsOf.get(member)?.map(({ code }) => code);

async function started(): Promise<void> {
  server.start();
  await until(async () => (await server.readyz()).includes('"ok"'));
}

beforeEach(async () => {
  server = await RestorableServer.make();
  await started();
}, 120_000);
afterEach(async () => {
  for (const { desk } of eventsOf.keys()) await desk.close().catch(() => undefined);
  await server.remove();
  eventsOf.clear();
});

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
  backupOf: Date.parse(BACKUP_OF),
  declaredAt: expect.any(Number),
  reason: REASON,
  approvedBy: [expect.stringMatching(/^alice\+/), expect.stringMatching(/^bob\+/)],
  publishedSize: expect.any(Number),
  continuesSize: expect.any(Number),
  seenSize: expect.any(Number),
} as unknown;

test("devices that saw the longer key log accept the restored one, and say so once", async () => {
  const cleo = await customer();
  await cleo.desk.close();
  await server.stop();
  exportKeysTo("kept");
  server.backUp();
  await started();
  const again = await restarted(cleo);
  const robin = await staff("robin");
  // Cleo reads of robin's new device in the key log, and so keeps its longer head.
  const asking = await again.desk.openConversation({ with: [robin.desk.user.id] });
  await asking.send("hello");
  expect(await readTexts(await joined(robin, asking.id), 1)).toEqual(["hello"]);
  await Promise.all([again, robin].map(({ desk }) => desk.close()));
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
  await started();

  // The device learns of it before its application listens.
  let after = await again.restart();
  await until(async () => (await after.desk.keyLogRestores()).length > 0);
  watched(after);
  await until(() => codesOf(after)?.includes("log_restored") === true);
  expect(eventsOf.get(after)).toEqual([isRestored]);
  expect(await after.desk.keyLogEvidence()).toEqual([]);
  expect(await after.desk.keyLogRestores()).toMatchObject([
    { statement: expect.stringContaining("sealdesk-log-restore/v1") as string },
  ]);
  // A new device is registered and found in the shorter log.
  const sam = await staff("sam");
  const further = await after.desk.openConversation({ with: [sam.desk.user.id] });
  await further.send("after");
  expect(await readTexts(await joined(sam, further.id), 1)).toEqual(["after"]);
  await after.desk.close();
  after = await restarted(after);
  await after.desk.synced();
  const more = await after.desk.openConversation({ with: [sam.desk.user.id] });
  await more.send("more");
  expect(codesOf(after)).toEqual([]);
}, 240_000);

test("a key log that only became shorter is still found", async () => {
  const cleo = await customer();
  await cleo.desk.close();
  await server.stop();
  server.backUp();
  await started();
  const again = await restarted(cleo);
  const robin = await staff("robin");
  const asking = await again.desk.openConversation({ with: [robin.desk.user.id] });
  await asking.send("hello");
  await Promise.all([again, robin].map(({ desk }) => desk.close()));
  await server.stop();
  await server.putBack();
  // As docs/audit.md forbids: the checkpoints are removed, and nothing is declared.

  await rm(`${server.home}/audit-checkpoints`, { recursive: true });
  await started();
  const after = await restarted(again);
  await until(() => codesOf(after)?.includes("key_log_inconsistent") === true);
  expect(codesOf(after)).not.toContain("log_restored");
}, 240_000);
