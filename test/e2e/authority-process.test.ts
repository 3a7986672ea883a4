/** The authority as a process of its own: the relay's operator cannot make it certify anybody. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSigningKey } from "../../crypto/device/sodium.ts";
import { handoverBytes } from "../../crypto/wire/authority-entry.ts";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readLoggedAuthority } from "../../identity/authority/authority-entries.ts";
import { certifyStaff } from "../../identity/authority/certify-staff.ts";
import { agree, agreementMs, readAgreements } from "../../identity/authority/process/agreements.ts";
import { authorityListener } from "../../identity/authority/process/authority-listener.ts";
import {
  addStaff,
  readStaffList,
  removeStaff,
} from "../../identity/authority/process/staff-list.ts";
import { remoteAuthority, remoteHeir } from "../../identity/authority/remote-authority.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import { Secret } from "../../keys/secret.ts";
import type { StaffRole } from "../../policies/actor.ts";
import { connectCustomer, connectStaff, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const secret = new Secret(`${randomUUID()}${randomUUID()}`);
let home: string;
let kms: Kms;
let authority: Server;
let server: TestServer;
let url: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "sealdesk-authority-"));
  const settings = { kind: "local", home, mustBeSealed: false } as const;
  ({ kms } = await openKms({ ...settings, passphrase: undefined, keyFile: undefined }));
  authority = createServer(
    authorityListener({
      kms,
      secret,
      staff: () => readStaffList(home),
      agreements: () => readAgreements(home),
      now: Date.now,
      onError: (error) => {
        throw error;
      },
    }),
  );
  authority.listen(0, "127.0.0.1");
  await once(authority, "listening");
  url = `http://127.0.0.1:${(authority.address() as AddressInfo).port}`;
  server = await startTestServer({ authority: { url, secret } });
});
afterAll(async () => {
  await server.close();
  authority.close();
  authority.closeAllConnections();
  await kms.close();
  await rm(home, { recursive: true, force: true });
});

const asking = () => ({
  pool: server.database.pool,
  now: () => server.clock.now(),
  authority: remoteAuthority({ url, secret }),
});

/** The operator of the authority adds a person, who has shown the key of their device. */
const listed = async (member: Member, role: StaffRole, teams: readonly string[] = ["claims"]) =>
  addStaff(home, {
    tenant: server.tenant.id,
    user: member.sealdesk.user.id,
    role,
    accountKey: await member.sealdesk.accountKey(),
    teams,
  });

async function isCertified(member: Member): Promise<boolean> {
  const customer = await connectCustomer(server);
  const { id } = member.sealdesk.user;
  const opened = await customer.sealdesk.openConversation({ with: [id] });
  const { uncertified } = opened;
  await customer.sealdesk.close();
  return !uncertified.includes(id);
}

test("whom the relay's operator puts into the database is certified once the authority's operator adds them", async () => {
  const [agent, stranger] = [await connectStaff(server), await connectStaff(server)];
  expect(await isCertified(agent)).toBe(false);
  await listed(agent, "agent");
  expect(await certifyStaff(asking(), server.tenant.id)).toEqual({ certified: 1, refused: 1 });
  expect(await isCertified(agent)).toBe(true);
  expect(await isCertified(stranger)).toBe(false);
  // Whoever is removed from the list gets no further certificate.
  await listed(stranger, "agent");
  await removeStaff(home, { tenant: server.tenant.id, user: agent.sealdesk.user.id });
  const tomorrow = { ...asking(), now: () => server.clock.now() + 86_400_001 };
  const { refused } = await certifyStaff(tomorrow, server.tenant.id);
  expect(refused).toBe(1);
  await Promise.all([agent, stranger].map(({ sealdesk }) => sealdesk.close()));
});

test("teams that change are in the audit log, with a certificate that names them", async () => {
  const agent = await connectStaff(server);
  const { id } = agent.sealdesk.user;
  await listed(agent, "agent");
  await certifyStaff(asking(), server.tenant.id, id);
  await listed(agent, "agent", ["claims", "night"]);
  const tomorrow = { ...asking(), now: () => server.clock.now() + 86_400_001 };
  await certifyStaff(tomorrow, server.tenant.id, id);
  const entries = (await server.auditEntries()).filter(
    ({ action, subject }) => action === "staff.certify" && subject === id,
  );
  expect(entries.map(({ details }) => details)).toMatchObject([
    { teams: ["claims"] },
    { teams: ["claims", "night"] },
  ]);
  await agent.sealdesk.close();
});

test("the relay's operator raises nobody's role, and gives no listed account another key", async () => {
  const { owner } = server.database;
  const agent = await connectStaff(server);
  await listed(agent, "agent");
  const { id } = agent.sealdesk.user;
  await certifyStaff(asking(), server.tenant.id, id);
  await owner.query("update sealdesk.users set role = 'admin' where id = $1", [id]);
  expect(await certifyStaff(asking(), server.tenant.id, id)).toEqual({ certified: 0, refused: 1 });
  await owner.query(
    "update sealdesk.users set role = 'agent', account_key = sha256('other') where id = $1",
    [id],
  );
  expect(await certifyStaff(asking(), server.tenant.id, id)).toEqual({ certified: 0, refused: 1 });
  await agent.sealdesk.close();
});

test("the key log has the key of the process, and the server cannot sign with it", async () => {
  const agent = await connectStaff(server);
  await listed(agent, "agent");
  await certifyStaff(asking(), server.tenant.id);
  const { current } = await inTransaction(
    server.database.pool,
    server.tenant.id,
    readLoggedAuthority,
  );
  const name = `authority-${server.tenant.id}-1`;
  expect(toBase64Url(current!.publicKey)).toBe(toBase64Url(await kms.publicKey(name)));
  const own = { kind: "local", home: server.home, mustBeSealed: false } as const;
  const { kms: ofServer } = await openKms({ ...own, passphrase: undefined, keyFile: undefined });
  await expect(ofServer.publicKey(name)).rejects.toMatchObject({ code: "kms_key_not_found" });
  await ofServer.close();
  await agent.sealdesk.close();
});

test("the process answers nobody without the secret, and has keys for tenants in its list only", async () => {
  const stranger = remoteAuthority({ url, secret: new Secret("x".repeat(32)) });
  await expect(stranger.keysAfter(server.tenant.id, undefined)).rejects.toMatchObject({
    code: "authority_unreachable",
  });
  const { id } = await server.createTenant();
  await expect(asking().authority.keysAfter(id, undefined)).rejects.toMatchObject({
    code: "authority_key_unknown",
  });
});

test("the key of the process follows only the key that its operator named, within an hour", async () => {
  const location = { url, secret };
  const { id } = server.tenant;
  const agent = await connectStaff(server);
  await listed(agent, "agent");
  const { publicKey: to, follow } = await remoteHeir(location, id);
  const from = generateSigningKey().publicKey;
  const handover = { tenant: id, from, to, version: 2, atMs: Date.now() };
  const refused = { code: "handover_not_agreed" };
  await expect(follow(handover)).rejects.toMatchObject(refused);
  const agreed = { tenant: id, formerKey: toBase64Url(from), atMs: Date.now() };
  await agree(home, { ...agreed, atMs: agreed.atMs - agreementMs - 1 });
  await expect(follow(handover)).rejects.toMatchObject(refused);
  await agree(home, agreed);
  const signature = await follow(handover);
  expect(verifyEd25519(to, handoverBytes(handover), signature)).toBe(true);
  const other = generateSigningKey().publicKey;
  await expect(follow({ ...handover, from: other })).rejects.toMatchObject(refused);
  // The server may not put off the end of the former key.
  const later = { ...handover, atMs: handover.atMs + 2 * agreementMs };
  await expect(follow(later)).rejects.toMatchObject(refused);
  await agent.sealdesk.close();
});

test("while the process does not answer, a device is registered, and certified later", async () => {
  const down = remoteAuthority({ url: "http://127.0.0.1:9", secret });
  const agent = await connectStaff(server);
  await listed(agent, "agent");
  const { id } = agent.sealdesk.user;
  await expect(
    certifyStaff({ ...asking(), authority: down }, server.tenant.id, id),
  ).rejects.toMatchObject({ code: "authority_unreachable" });
  const customer = await connectCustomer(server);
  const opened = await customer.sealdesk.openConversation({ with: [id] });
  expect(opened.uncertified).toEqual([id]);
  await certifyStaff(asking(), server.tenant.id, id);
  const again = await customer.restart();
  await until(() => again.sealdesk.conversation(opened.id)!.uncertified.length === 0);
  await Promise.all([agent, again].map(({ sealdesk }) => sealdesk.close()));
});
