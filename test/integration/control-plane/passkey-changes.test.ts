import { inTransaction } from "../../../db/transaction.ts";
import { staffDevice, TestDevice, type Reply } from "../../support/device.ts";
import {
  addPasskey,
  allowPage,
  answerOf,
  newAuthenticator,
  page as origin,
  staffWithPasskey,
} from "../../support/passkey.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { enrolTotp, stopClock, totpCode } from "../../support/second-factor.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  stopClock(server);
});
beforeEach(() => {
  server.clock.offsetMs = 0;
});
afterAll(() => server.close());

const MINUTE = 60_000;
const codeOf = ({ status, body }: Reply) => (status < 300 ? status : (body.code as string));
const sql = (text: string, values: readonly unknown[] = []) =>
  server.database.owner.query(text, [...values]);
const reconcile = () => runSealdesk(server, ["audit", "reconcile", "--tenant", server.tenant.slug]);
async function signIn(authenticator: ReturnType<typeof newAuthenticator>) {
  const device = new TestDevice(server);
  const answer = await answerOf(device, authenticator);
  return device.signIn({ grant: "passkey", tenant: server.tenant.slug, answer }, { origin });
}

test("an account with a passkey gets an authenticator app only after a fresh proof", async () => {
  const { staff, device } = await staffWithPasskey(server);
  const body = { password: staff.password };
  const begin = () => device.request("POST", "/v1/account/totp", { body });
  const begun = await begin();
  expect(codeOf(begun)).toBe(201);
  server.clock.offsetMs = 9 * MINUTE;
  expect(codeOf(await begin())).toBe(201);
  // The secret is two minutes old now, and the proof is eleven.
  server.clock.offsetMs = 11 * MINUTE;
  expect(codeOf(await begin())).toBe("step_up_required");
  const { secret } = (await freshly(9 * MINUTE, begin)).body as { readonly secret: string };
  const code = totpCode(secret, server.clock.now());
  const confirm = await device.request("POST", "/v1/account/totp/confirmation", { body: { code } });
  expect(codeOf(confirm)).toBe("step_up_required");
});

/** Acts at an earlier time. */
async function freshly<T>(offsetMs: number, act: () => Promise<T>): Promise<T> {
  const { offsetMs: later } = server.clock;
  server.clock.offsetMs = offsetMs;
  const done = await act();
  server.clock.offsetMs = later;
  return done;
}

test("a passkey that SQL changed, moved or added is found", async () => {
  const { staff } = await staffWithPasskey(server);
  const { staff: other } = await staffWithPasskey(server);
  expect(await reconcile()).toMatchObject({ code: 0, err: "" });
  const change = async (there: string, back: string) => {
    await sql(`update sealdesk.passkeys set ${there} where user_id = $1`, [staff.id]);
    const found = await reconcile();
    await sql(`update sealdesk.passkeys set ${back} where name = (select name from kept)`);
    expect(await reconcile()).toMatchObject({ code: 0 });
    return found;
  };
  await sql("create table kept as select * from sealdesk.passkeys where user_id = $1", [staff.id]);
  const isFound = { code: 1, out: expect.stringContaining("sealdesk.passkeys") };
  expect(
    await change("public_key = sha256('own')", "public_key = (select public_key from kept)"),
  ).toMatchObject(isFound);
  expect(await change("rp_id = 'evil.example'", "rp_id = (select rp_id from kept)")).toMatchObject(
    isFound,
  );
  expect(
    await change(`user_id = '${other.id}'`, "user_id = (select user_id from kept)"),
  ).toMatchObject(isFound);
  await sql("drop table kept");
});

test("a reset of the account removes its passkeys, and the log says so", async () => {
  const admin = await staffDevice(server, "admin");
  const { staff, authenticator } = await staffWithPasskey(server);
  expect((await signIn(authenticator)).status).toBe(201);
  const body = { reason: "account_taken_over" };
  expect(codeOf(await admin.request("POST", `/v1/users/${staff.id}/reset`, { body }))).toBe(200);
  expect(codeOf(await signIn(authenticator))).toBe("sign_in_failed");
  expect(
    (await server.auditEntries()).findLast(({ action }) => action === "account.reset"),
  ).toMatchObject({ subject: staff.id, details: { passkeys: 1 } });
  expect(await reconcile()).toMatchObject({ code: 0, err: "" });
});

test("a sign-in with a passkey does not outlive a change after the passkey was read, and locks in the order of a removal", async () => {
  await allowPage(server, server.tenant.slug);
  const staff = await server.createStaff("agent");
  const [device, authenticator] = [new TestDevice(server), newAuthenticator()];
  await enrolTotp(server, device, staff);
  expect(codeOf(await addPasskey(device, authenticator, staff))).toBe(201);
  const { owner } = server.database;
  const { answer } = await inTransaction(owner, server.tenant.id, async (client) => {
    await client.query("select from sealdesk.totp_factors where user_id = $1 for update", [
      staff.id,
    ]);
    const sent = signIn(authenticator);
    await until(async () => {
      const { rowCount } = await owner.query(
        `select from pg_stat_activity where datname = current_database()
         and wait_event_type = 'Lock' and query like '%update totp_factors%'`,
      );
      return rowCount === 1;
    });
    await client.query("select from sealdesk.passkeys where user_id = $1 for update nowait", [
      staff.id,
    ]);
    await client.query("update sealdesk.users set password_hash = 'another' where id = $1", [
      staff.id,
    ]);
    return { answer: sent };
  });
  expect(codeOf(await answer)).toBe("sign_in_failed");
});
