/** The tenant's authority inside the server: its keys are logged, and it certifies staff for days. */
import { nodeChecks } from "../../../audit/node-checks.ts";
import { openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { parseVkey } from "../../../audit/verify/note.ts";
import { verifyInclusion } from "../../../audit/verify/proofs.ts";
import { leafHash } from "../../../audit/verify/tree-hash.ts";
import { isHandover } from "../../../crypto/wire/authority-chain.ts";
import { decodeAuthorityEntry, handoverBytes } from "../../../crypto/wire/authority-entry.ts";
import { openStaffCertificate } from "../../../crypto/wire/staff-certificate.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { readLoggedAuthority } from "../../../identity/authority/authority-entries.ts";
import { destroyRetired } from "../../../identity/authority/destroy-retired.ts";
import type { Authority, Heir } from "../../../identity/authority/authority.ts";
import { certifyStaff } from "../../../identity/authority/certify-staff.ts";
import {
  kmsAuthority,
  ownKeyOf,
  signWithOwnKey,
} from "../../../identity/authority/kms-authority.ts";
import { rotateAuthority } from "../../../identity/authority/rotate-authority.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { customerDevice, ed25519, staffDevice, type TestDevice } from "../../support/device.ts";
import { junkAuthorityEntry } from "../../support/junk-authority-key.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
let kms: Kms;
beforeAll(async () => {
  server = await startTestServer();
  const local = { kind: "local", home: server.home, mustBeSealed: false } as const;
  ({ kms } = await openKms({ ...local, passphrase: undefined, keyFile: undefined }));
});
afterAll(async () => {
  await kms.close();
  await server.close();
});

const dayMs = 86_400_000;
const { verifyEd25519, sha256 } = nodeChecks;
const decoded = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));

/** What a device makes of the answer: every entry, once its proof holds under the signed head. */
async function authorityOf(asking: TestDevice) {
  const { body } = await asking.request("GET", "/v1/key-log/authority");
  const head = openCheckpoint(nodeChecks, body.checkpoint, parseVkey(sha256, body.vkey));
  return (body.entries as { index: number; entry: string; proof: string[] }[]).map(
    ({ index, entry, proof }) => {
      const leaf = leafHash(sha256, decoded(entry));
      verifyInclusion(sha256, { leaf, index, proof: proof.map(decoded) }, head);
      return decodeAuthorityEntry(decoded(entry));
    },
  );
}

async function certificateOf(asking: TestDevice, user: string) {
  const { body } = await asking.request("GET", `/v1/users/${user}/devices`);
  if (body.staffCertificate === null) return undefined;
  const signed = {
    text: decoded(body.staffCertificate.text),
    signature: decoded(body.staffCertificate.signature),
  };
  const authority = (await authorityOf(asking)).findLast(({ change }) => change === "added");
  return openStaffCertificate(signed, authority!.authorityKey, verifyEd25519);
}

const entriesOf = async (action: string, tenant?: TestTenant) =>
  (await server.auditEntries(tenant)).filter((entry) => entry["action"] === action);

const certifying = (laterMs = 0) => {
  const now = () => server.clock.now() + laterMs;
  return { pool: server.database.pool, now, authority: kmsAuthority(kms, now) };
};

test("a device of staff is certified when it is registered, for seven days", async () => {
  const agent = await staffDevice(server, "agent");
  const customer = await customerDevice(server);
  const certificate = await certificateOf(customer, agent.user);
  expect(certificate).toEqual({
    tenant: agent.tenant,
    user: agent.user,
    accountKey: new Uint8Array(agent.accountKey.publicKey),
    role: "agent",
    teams: [],
    fromMs: certificate!.fromMs,
    untilMs: certificate!.fromMs + 7 * dayMs,
  });
  const [entry] = (await entriesOf("staff.certify")).filter(
    ({ subject }) => subject === agent.user,
  );
  expect(entry).toMatchObject({
    actor: { kind: "system", id: "authority" },
    details: { role: "agent", untilMs: certificate!.untilMs },
  });
  expect(await certificateOf(agent, customer.user)).toBeUndefined();
});

test("the authority's key is the first entry of its kind in the key log, with an audit entry", async () => {
  const agent = await staffDevice(server);
  const [first, ...others] = await authorityOf(agent);
  expect(first).toMatchObject({ change: "added", version: 1, tenant: agent.tenant });
  expect(first!.handover).toBeUndefined();
  expect(others).toEqual([]);
  expect(await entriesOf("authority_key.create")).toHaveLength(1);
});

test("a new role is certified at once, and the former certificate is served no more", async () => {
  const agent = await staffDevice(server, "agent");
  await server.database.owner.query("update sealdesk.users set role = 'supervisor' where id = $1", [
    agent.user,
  ]);
  await until(async () => (await certificateOf(agent, agent.user))?.role === "supervisor");
  await server.database.owner.query("update sealdesk.users set role = 'customer' where id = $1", [
    agent.user,
  ]);
  const reader = await staffDevice(server);
  expect(await certificateOf(reader, agent.user)).toBeUndefined();
});

test("certificates are renewed after a day, and one audit entry counts those of a tenant", async () => {
  const tenant = await server.createTenant();
  const agents = [
    await staffDevice(server, "agent", tenant),
    await staffDevice(server, "agent", tenant),
  ];
  const [reader] = agents;
  const before = await certificateOf(reader!, agents[1]!.user);
  expect(await certifyStaff(certifying(), tenant.id)).toEqual({ certified: 0, refused: 0 });
  expect(await certifyStaff(certifying(dayMs + 1), tenant.id)).toEqual({
    certified: 2,
    refused: 0,
  });
  const after = await certificateOf(reader!, agents[1]!.user);
  expect(after!.untilMs).toBeGreaterThan(before!.untilMs + dayMs);
  const renewals = await entriesOf("staff.renew_certificates", tenant);
  expect(renewals.map(({ details }) => details)).toEqual([{ certificates: 2 }]);
  expect(await entriesOf("staff.certify", tenant)).toHaveLength(2);
});

test("an account whose key is reset gets a certificate for its new key", async () => {
  const agent = await staffDevice(server);
  await server.database.owner.query(
    "update sealdesk.users set account_key = sha256('another')  where id = $1",
    [agent.user],
  );
  const reader = await staffDevice(server);
  expect(await certificateOf(reader, agent.user)).toBeUndefined();
  await certifyStaff(certifying(), server.tenant.id);
  expect(Buffer.from((await certificateOf(reader, agent.user))!.accountKey)).not.toEqual(
    agent.accountKey.publicKey,
  );
});

test("a suspended tenant's staff is not certified", async () => {
  const tenant = await server.createTenant();
  await staffDevice(server, "agent", tenant);
  await server.database.owner.query(
    "update sealdesk.tenants set suspended_at_ms = 1 where id = $1",
    [tenant.id],
  );
  expect(await certifyStaff(certifying(2 * dayMs), tenant.id)).toEqual({
    certified: 0,
    refused: 0,
  });
});

test("a rotated key is handed over to in the key log, and certificates by the former one end", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const [first] = await authorityOf(agent);
  await rotateAuthority({ ...certifying(), kms }, tenant.id);
  const [, added, retired] = await authorityOf(agent);
  expect(added).toMatchObject({ change: "added", version: 2 });
  expect(retired).toMatchObject({
    change: "retired",
    version: 3,
    authorityKey: first!.authorityKey,
  });
  expect(isHandover(added!, first!, verifyEd25519)).toBe(true);
  expect(await certificateOf(agent, agent.user)).toBeUndefined();
  expect(await certifyStaff(certifying(), tenant.id)).toEqual({ certified: 1, refused: 0 });
  expect(await certificateOf(agent, agent.user)).toBeDefined();
  expect(await entriesOf("authority_key.rotate", tenant)).toHaveLength(1);
});

test("a key to which nobody handed over is passed over by the server, too", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const [first] = await authorityOf(agent);
  await junkAuthorityEntry(server.database.pool, tenant.id, "added", ed25519().publicKey);
  expect(await certifyStaff(certifying(2 * dayMs), tenant.id)).toEqual({
    certified: 1,
    refused: 0,
  });
  const rotated = await rotateAuthority({ ...certifying(), kms }, tenant.id);
  const added = (await authorityOf(agent)).at(-2)!;
  expect(added).toMatchObject({ change: "added", version: 3, authorityKey: rotated.publicKey });
  expect(isHandover(added, first!, verifyEd25519)).toBe(true);
});

test("a retirement that somebody wrote into the database does not end the authority", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const [first] = await authorityOf(agent);
  const { pool } = server.database;
  await junkAuthorityEntry(pool, tenant.id, "retired", first!.authorityKey);
  expect(await destroyRetired({ pool, kms }, tenant.id)).toEqual([]);
  const later = certifying(2 * dayMs);
  expect(await certifyStaff(later, tenant.id)).toEqual({ certified: 1, refused: 0 });
  await rotateAuthority({ ...certifying(), kms }, tenant.id);
  expect(await certifyStaff(certifying(), tenant.id)).toEqual({ certified: 1, refused: 0 });
});

test("a former key whose destruction failed is destroyed later", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const [first] = await authorityOf(agent);
  const broken = { ...bound(kms), destroy: () => Promise.reject(new Error("the service is down")) };
  const rotating = rotateAuthority({ ...certifying(), kms: broken }, tenant.id);
  await expect(rotating).rejects.toThrow("the service is down");
  // The rotation itself is done, and is not repeated.
  const { current } = await inTransaction(server.database.pool, tenant.id, readLoggedAuthority);
  expect(current).toMatchObject({ version: 2 });
  const name = `authority-${tenant.id}-1`;
  expect(new Uint8Array(await kms.publicKey(name))).toEqual(first!.authorityKey);
  const { pool } = server.database;
  expect(await destroyRetired({ pool, kms }, tenant.id)).toEqual([1]);
  await expect(kms.publicKey(name)).rejects.toMatchObject({ code: "kms_key_not_found" });
  expect(await kms.publicKey(`authority-${tenant.id}-2`)).toEqual(current!.publicKey);
  // It may be repeated.
  await destroyRetired({ pool, kms }, tenant.id);
});

test("the authority hands over to no key that it has or had, and stays as it is", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const [first] = await authorityOf(agent);
  const { publicKey: second } = await rotateAuthority({ ...certifying(), kms }, tenant.id);
  for (const publicKey of [first!.authorityKey, second]) {
    const heir = { publicKey, follow: () => Promise.reject(new Error("It is asked for nothing.")) };
    await expect(rotateAuthority({ ...certifying(), kms }, tenant.id, heir)).rejects.toMatchObject({
      code: "authority_key_used",
    });
  }
  expect(await authorityOf(agent)).toHaveLength(3);
  expect(await certifyStaff(certifying(), tenant.id)).toEqual({ certified: 1, refused: 0 });
});

test("a handover by another key than the authority's is not logged, and the authority stays as it is", async () => {
  const tenant = await server.createTenant();
  const agent = await staffDevice(server, "agent", tenant);
  const other = { ...bound(kms), sign: () => Promise.resolve(new Uint8Array(64).fill(7)) };
  const rotating = rotateAuthority({ ...certifying(), kms: other }, tenant.id);
  await expect(rotating).rejects.toMatchObject({ code: "authority_key_unknown" });
  expect(await authorityOf(agent)).toHaveLength(1);
  const later = certifying(2 * dayMs);
  expect(await certifyStaff(later, tenant.id)).toEqual({ certified: 1, refused: 0 });
});

test("the key of a process that shares the key service outlives the server's key of the same name", async () => {
  const tenant = await server.createTenant();
  await staffDevice(server, "agent", tenant);
  await rotateAuthority({ ...certifying(), kms }, tenant.id);
  // The server's first key had this name.
  const publicKey = await ownKeyOf(kms, tenant.id);
  const follow: Heir["follow"] = (handover) =>
    signWithOwnKey(kms, tenant.id, handoverBytes(handover));
  await rotateAuthority({ ...certifying(), kms }, tenant.id, { publicKey, follow });
  expect(await ownKeyOf(kms, tenant.id)).toEqual(publicKey);
});

/** The methods of a key service as functions of their own, so that a test can replace one. */
const bound = (of: Kms): Kms => ({
  name: of.name,
  ensureKey: (...given) => of.ensureKey(...given),
  wrap: (...given) => of.wrap(...given),
  unwrap: (...given) => of.unwrap(...given),
  rewrap: (...given) => of.rewrap(...given),
  rotate: (...given) => of.rotate(...given),
  latestVersion: (...given) => of.latestVersion(...given),
  destroy: (...given) => of.destroy(...given),
  publicKey: (...given) => of.publicKey(...given),
  sign: (...given) => of.sign(...given),
  mac: (...given) => of.mac(...given),
  check: () => of.check(),
  close: () => of.close(),
});

test("an authority that does not hold the logged key certifies nobody", async () => {
  const tenant = await server.createTenant();
  await staffDevice(server, "agent", tenant);
  const later = certifying(2 * dayMs);
  const certify: Authority["certify"] = async (account, key) => {
    const { text } = (await later.authority.certify(account, key))!;
    return { text, signature: new Uint8Array(64).fill(7) };
  };
  const stranger = { ...later, authority: { ...later.authority, certify } };
  await expect(certifyStaff(stranger, tenant.id)).rejects.toMatchObject({
    code: "authority_key_unknown",
  });
});
