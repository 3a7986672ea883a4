import { randomBytes } from "node:crypto";
import type { SealdeskError } from "../../client/errors.ts";
import { connect, connectStaff } from "../support/member.ts";
import { partsOfLink } from "../support/reset-link.ts";
import { totpCode } from "../support/second-factor.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { idleEveryMs: 20 });
});
afterAll(() => server.close());

test("a device whose account changes its password signs in again by itself after the session's twelve hours", async () => {
  const { sealdesk, credentials } = await connectStaff(server);
  if (credentials.grant !== "password") throw new Error("staff sign in with passwords");
  const { present, replacement } = {
    present: credentials.password,
    replacement: randomBytes(12).toString("hex"),
  };
  await expect(
    sealdesk.credentials.changePassword("not the present one", replacement),
  ).rejects.toMatchObject({ code: "wrong_password" });
  await expect(sealdesk.credentials.changePassword(present, "short")).rejects.toMatchObject({
    code: "weak_password",
  });
  await sealdesk.credentials.changePassword(present, replacement);
  await server.database.owner.query(
    "update sealdesk.sessions set revoked_at_ms = 1 where user_id = $1",
    [sealdesk.user.id],
  );
  expect(await sealdesk.staff("agent")).toHaveLength(1);
  await sealdesk.close();
});

test("an admin makes a link for another person", async () => {
  const [admin, agent] = [await connectStaff(server, "admin"), await connectStaff(server)];
  const { link } = await admin.sealdesk.credentials.createPasswordReset(agent.sealdesk.user.id);
  expect(partsOfLink(link).tenant).toBe(server.tenant.slug);
  await expect(
    agent.sealdesk.credentials.createPasswordReset(admin.sealdesk.user.id),
  ).rejects.toMatchObject({ code: "forbidden" });
  await admin.sealdesk.close();
  await agent.sealdesk.close();
});

test("a device with an authenticator app asks for a code when it signs in", async () => {
  const first = await connectStaff(server);
  const { credentials } = first;
  if (credentials.grant !== "password") throw new Error("staff sign in with passwords");
  const { secret } = await first.sealdesk.credentials.enrolTotp(credentials.password);
  const code = (steps: number) => totpCode(secret, server.clock.now() + steps * 30_000);
  const [recoveryCode = ""] = await first.sealdesk.credentials.confirmTotp(code(0));
  await first.sealdesk.credentials.stepUp({ recoveryCode });
  await first.sealdesk.signOut();

  const { level, key } = first;
  const asked: number[] = [];
  const secondFactor = () => {
    asked.push(server.clock.now());
    return { totp: code(1) };
  };
  const again = await connect(server, { ...credentials, secondFactor }, { level }, key);
  expect(asked).toHaveLength(1);
  expect(await again.sealdesk.staff("agent")).not.toEqual([]);
  await again.sealdesk.close();
});

test("an app is told that nobody used it for too long, signs in only when it connects again, and its person's acts count", async () => {
  const { sealdesk, credentials, level, key } = await connectStaff(server);
  const setActed = (minutesAgo: number) =>
    server.database.owner.query(
      `update sealdesk.sessions set acted_at_ms = sealdesk.database_now_ms() - $2
       where user_id = $1 and revoked_at_ms is null`,
      [sealdesk.user.id, minutesAgo * 60_000],
    );
  const minutesAgo = async () => {
    const { rows } = await server.database.owner.query<{ minutes: number }>(
      `select ((sealdesk.database_now_ms() - acted_at_ms) / 60000)::integer as minutes
       from sealdesk.sessions where user_id = $1`,
      [sealdesk.user.id],
    );
    return rows.map(({ minutes }) => minutes);
  };
  await setActed(29);
  sealdesk.reportActivity();
  await until(async () => (await minutesAgo())[0] === 0);

  const ended = new Promise<SealdeskError>((resolve) => void sealdesk.on("end", resolve));
  await setActed(30);
  expect((await ended).code).toBe("session_idle");
  await expect(sealdesk.staff("agent")).rejects.toMatchObject({ code: "closed" });
  expect(await minutesAgo()).toHaveLength(1);
  await sealdesk.close();
  const again = await connect(server, credentials, { level }, key);
  expect(await minutesAgo()).toContain(0);
  await again.sealdesk.close();
});
