/** A member counts as staff only with a certificate of the tenant's authority. */
import type { Fetch, SecurityEvent } from "../../client/index.ts";
import { generateSigningKey, ready, sign } from "../../crypto/device/sodium.ts";
import { fromBase64Url, toBase64Url } from "../../crypto/wire/bytes.ts";
import {
  decodeStaffCertificate,
  encodeStaffCertificate,
  staffCertificateBytes,
  type StaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { readLoggedAuthority } from "../../identity/authority/authority-entries.ts";
import { certifyStaff } from "../../identity/authority/certify-staff.ts";
import { kmsAuthority } from "../../identity/authority/kms-authority.ts";
import { rotateAuthority } from "../../identity/authority/rotate-authority.ts";
import { openKms } from "../../keys/kms/open-kms.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import { addMember } from "../support/acts.ts";
import { staffDevice } from "../support/device.ts";
import {
  closeAll,
  connectCustomer,
  connectStaff,
  joined,
  problemsOf,
  readTexts,
  readUntil,
  startLinking,
  textsOf,
} from "../support/member.ts";
import { junkAuthorityEntry } from "../support/junk-authority-key.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { fetchChanging } from "../support/shown-log.ts";
import { until } from "../support/until.ts";
import { newId } from "../../tools/testkit/ids.ts";

let server: TestServer;
beforeAll(async () => {
  await ready;
  server = await startTestServer();
});
afterAll(() => server.close());

async function kmsOf({ home }: TestServer): Promise<Kms> {
  const local = { kind: "local", home, mustBeSealed: false } as const;
  return (await openKms({ ...local, passphrase: undefined, keyFile: undefined })).kms;
}

/** A server that shows another certificate of one user. */
const showing = (
  user: () => UserId | undefined,
  change: (certificate: StaffCertificate) => { text: string; signature: string } | null,
): Fetch =>
  fetchChanging((path, body) => {
    if (path !== `/v1/users/${user()}/devices`) return body;
    const account = body as { readonly staffCertificate: { readonly text: string } };
    const text = fromBase64Url(account.staffCertificate.text);
    return { ...account, staffCertificate: change(decodeStaffCertificate(text)) };
  });

const signedBy = (privateKey: Uint8Array) => (certificate: StaffCertificate) => {
  const text = encodeStaffCertificate(certificate);
  const signature = sign(staffCertificateBytes(text), privateKey);
  return { text: toBase64Url(text), signature: toBase64Url(signature) };
};

test("what is sent to staff of whom the relay shows no certificate fails, until one comes", async () => {
  const agent = await connectStaff(server);
  const { user } = agent.sealdesk;
  const fetch = showing(
    () => user.id,
    () => null,
  );
  const customer = await connectCustomer(server, { runtime: { fetch } });
  const asking = await customer.sealdesk.openConversation({ with: [user.id] });
  const items = await readUntil(asking, (all) => problemsOf(all).length === 1);
  expect(problemsOf(items)).toMatchObject([{ code: "staff_not_certified", user: user.id, seq: 1 }]);
  expect(asking.uncertified).toEqual([user.id]);
  await expect(asking.send("for nobody")).rejects.toMatchObject({
    code: "untrusted_member",
    user: user.id,
    problem: "staff_not_certified",
  });
  const honest = await customer.restart({ runtime: { fetch: globalThis.fetch } });
  const again = honest.sealdesk.conversation(asking.id)!;
  await until(() => again.uncertified.length === 0);
  await again.send("for the agent");
  expect(await readTexts(await joined(agent, asking.id), 1)).toEqual(["for the agent"]);
  await closeAll(agent, honest);
});

test("a message reaches the members whose role is certified, and no others", async () => {
  const [agent, stranger] = [await connectStaff(server), await connectStaff(server)];
  const fetch = showing(() => stranger.sealdesk.user.id, signedBy(generateSigningKey().privateKey));
  const customer = await connectCustomer(server, { runtime: { fetch } });
  const asking = await customer.sealdesk.openConversation({
    with: [agent.sealdesk.user.id, stranger.sealdesk.user.id],
  });
  await asking.send("for the agent alone");
  expect(await readTexts(await joined(agent, asking.id), 1)).toEqual(["for the agent alone"]);
  const seen = await readUntil(
    await joined(stranger, asking.id),
    (all) => problemsOf(all).length === 1,
  );
  expect(problemsOf(seen)).toMatchObject([{ code: "no_key" }]);
  expect(textsOf(seen)).toEqual([]);
  await closeAll(agent, stranger, customer);
});

test("whom the relay's operator calls staff is certified by the authority in the server: logged, and shown as an arrival", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  // The operator makes an account of staff, and lets it join.
  const intruder = await connectStaff(server, "supervisor");
  const { id } = intruder.sealdesk.user;
  const serving = await joined(agent, asking.id);
  await serving.addMember(id);
  const items = await readUntil(asking, (all) => all.some(({ kind }) => kind === "member_added"));
  expect(items.at(-1)).toMatchObject({ kind: "member_added", subject: id });
  expect(asking.uncertified).toEqual([]);
  const certified = (await server.auditEntries()).filter(
    ({ action }) => action === "staff.certify",
  );
  expect(certified.map(({ subject }) => subject)).toContain(id);
  await closeAll(agent, customer, intruder);
});

describe("the authority's key", () => {
  let own: TestServer;
  let keys: Kms;
  beforeEach(async () => {
    own = await startTestServer();
    keys = await kmsOf(own);
  });
  afterEach(async () => {
    await keys.close();
    await own.close();
  });

  const deps = () => ({
    pool: own.database.pool,
    now: () => own.clock.now(),
    authority: kmsAuthority(keys, () => own.clock.now()),
    kms: keys,
  });

  const logged = (publicKey: Uint8Array) =>
    junkAuthorityEntry(own.database.pool, own.tenant.id, "added", publicKey);

  test("another key without a handover is reported, and certifies nobody for those who know the first", async () => {
    const [agent, newcomer] = [await connectStaff(own), await connectStaff(own)];
    const other = generateSigningKey();
    const fetch = showing(() => newcomer.sealdesk.user.id, signedBy(other.privateKey));
    const customer = await connectCustomer(own, { runtime: { fetch } });
    await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await logged(other.publicKey);
    const alarm = new Promise<SecurityEvent>((resolve) =>
      customer.sealdesk.on("security", resolve),
    );
    const asking = await customer.sealdesk.openConversation({
      with: [newcomer.sealdesk.user.id],
    });
    expect(asking.uncertified).toEqual([newcomer.sealdesk.user.id]);
    expect(await alarm).toEqual({ code: "authority_changed", key: toBase64Url(other.publicKey) });
    await closeAll(agent, newcomer, customer);
  });

  test("a key that was handed over to certifies staff, and the former one no more", async () => {
    const agent = await connectStaff(own);
    const customer = await connectCustomer(own);
    await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    const alarms: SecurityEvent[] = [];
    customer.sealdesk.on("security", (event) => alarms.push(event));
    await rotateAuthority(deps(), own.tenant.id);
    const newcomer = await connectStaff(own);
    const late = await connectCustomer(own);
    const { id } = newcomer.sealdesk.user;
    for (const each of [customer, late]) {
      const asking = await each.sealdesk.openConversation({ with: [id] });
      expect(asking.uncertified).toEqual([]);
    }
    // The agent's certificate by the former key is not renewed yet.
    const other = await connectCustomer(own);
    const user = agent.sealdesk.user.id;
    const asking = await other.sealdesk.openConversation({ with: [user] });
    expect(asking.uncertified).toEqual([user]);
    await certifyStaff(deps(), own.tenant.id);
    const again = await other.restart();
    await until(() => again.sealdesk.conversation(asking.id)!.uncertified.length === 0);
    expect(alarms).toEqual([]);
    await closeAll(agent, newcomer, customer, late, again);
  });

  test("who joined with a certificate by a former key counts as no staff for those who see it later", async () => {
    const agent = await connectStaff(own);
    const customer = await connectCustomer(own);
    const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await customer.sealdesk.close();
    const joining = await staffDevice(own);
    expect((await addMember(joining, id, joining.user)).status).toBe(200);
    await rotateAuthority(deps(), own.tenant.id);
    const again = await customer.restart();
    const asking = again.sealdesk.conversation(id)!;
    await readUntil(asking, (all) => all.some(({ kind }) => kind === "member_added"));
    expect(asking.uncertified).toEqual([joining.user]);
    await closeAll(agent, again);
  });

  test("a device that starts from a later key takes who joined under the former one (R31)", async () => {
    const agent = await connectStaff(own);
    const customer = await connectCustomer(own);
    const { id } = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
    await customer.sealdesk.close();
    const joining = await staffDevice(own);
    expect((await addMember(joining, id, joining.user)).status).toBe(200);
    const { publicKey } = await rotateAuthority(deps(), own.tenant.id);
    const again = await customer.restart({ authority: toBase64Url(publicKey) });
    const asking = again.sealdesk.conversation(id)!;
    const items = await readUntil(asking, (all) => all.some(({ seq }) => seq === 2));
    const shown = items.find(({ seq }) => seq === 2);
    expect(shown).toMatchObject({ kind: "member_added", subject: joining.user });
    await closeAll(agent, again);
  });

  test("a device whose application pins a key trusts no other", async () => {
    const agent = await connectStaff(own);
    const user = agent.sealdesk.user.id;
    const pinned = generateSigningKey().publicKey;
    const wary = await connectCustomer(own, { authority: toBase64Url(pinned) });
    const alarm = new Promise<SecurityEvent>((resolve) => wary.sealdesk.on("security", resolve));
    const refused = await wary.sealdesk.openConversation({ with: [user] });
    expect(refused.uncertified).toEqual([user]);
    expect(await alarm).toMatchObject({ code: "authority_changed" });
    const { current } = await inTransaction(own.database.pool, own.tenant.id, readLoggedAuthority);
    const authority = toBase64Url(current!.publicKey);
    const fitting = await connectCustomer(own, { authority });
    const asking = await fitting.sealdesk.openConversation({ with: [user] });
    expect(asking.uncertified).toEqual([]);
    await closeAll(agent, wary, fitting);
  });

  test("a linked device starts from the key that the approving device trusts", async () => {
    const agent = await connectStaff(own);
    const user = agent.sealdesk.user.id;
    const pinned = toBase64Url(generateSigningKey().publicKey);
    const approving = await connectCustomer(own, { authority: pinned });
    const newcomer = await startLinking(own, approving.credentials);
    await approving.sealdesk.approveDevice(newcomer.link.code);
    const linked = await newcomer.member;
    // The key log begins with another key, which certifies the agent.
    const asking = await linked.sealdesk.openConversation({ with: [user] });
    expect(asking.uncertified).toEqual([user]);
    await closeAll(agent, approving, linked);
  });

  test("a certificate of another account, role, key or time certifies nobody", async () => {
    const authority = generateSigningKey();
    const day = 86_400_000;
    const agent = await connectStaff(own);
    const { id } = agent.sealdesk.user;
    // The device trusts this authority, so that only the certificate's content can be at fault.
    const options = (change: (certificate: StaffCertificate) => StaffCertificate) => ({
      authority: toBase64Url(authority.publicKey),
      runtime: {
        fetch: showing(
          () => id,
          (certificate) => signedBy(authority.privateKey)(change(certificate)),
        ),
      },
    });
    await logged(authority.publicKey);
    const changes: ((certificate: StaffCertificate) => StaffCertificate)[] = [
      (certificate) => ({ ...certificate, role: "admin" }),
      (certificate) => ({ ...certificate, user: newId<UserId>() }),
      (certificate) => ({ ...certificate, accountKey: authority.publicKey }),
      (certificate) => ({
        ...certificate,
        fromMs: certificate.fromMs - 9 * day,
        untilMs: certificate.untilMs - 9 * day,
      }),
      (certificate) => ({
        ...certificate,
        fromMs: certificate.fromMs + 2 * day,
        untilMs: certificate.untilMs + 2 * day,
      }),
    ];
    for (const change of changes) {
      const customer = await connectCustomer(own, options(change));
      const asking = await customer.sealdesk.openConversation({ with: [id] });
      expect(asking.uncertified).toEqual([id]);
      await closeAll(customer);
    }
    // A day of tolerance: the authority may be late, and clocks may differ.
    const late = await connectCustomer(
      own,
      options((certificate) => ({
        ...certificate,
        fromMs: certificate.fromMs - 7.5 * day,
        untilMs: certificate.untilMs - 7.5 * day,
      })),
    );
    const asking = await late.sealdesk.openConversation({ with: [id] });
    expect(asking.uncertified).toEqual([]);
    await closeAll(late, agent);
  });
});
