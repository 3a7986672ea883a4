import { createHash, randomBytes, randomUUID } from "node:crypto";
import { publishedKeysBytes } from "../../../crypto/wire/signed-records.ts";
import { customerDevice, fakePreKeys, staffDevice, TestDevice } from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let taker: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  taker = await staffDevice(server);
});
afterAll(() => server.close());

const own = "/v1/devices/current/prekeys";
const take = (from: TestDevice) => taker.request("POST", `/v1/devices/${from.id}/bundle`);

/** A registered device with so many one-time prekeys of each kind, and what it published. */
async function publisher(oneTime: number) {
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  const preKeys = fakePreKeys({ oneTime });
  await device.register({ preKeys });
  return { device, preKeys };
}

test("a bundle holds the device's keys and one one-time prekey of each kind", async () => {
  const { device, preKeys } = await publisher(2);
  const { status, body } = await take(device);
  expect(status).toBe(200);
  expect(body).toEqual({
    device: device.id,
    registrationId: expect.any(Number),
    identityKey: device.identityKey.toString("base64url"),
    signedPreKey: preKeys.signedPreKey,
    preKey: preKeys.preKeys[0],
    kyberPreKey: preKeys.kyberPreKeys[0],
  });
});

test("many takers at once get each one-time prekey once; the rest get the last resort", async () => {
  const { device, preKeys } = await publisher(5);
  const bundles = await Promise.all(Array.from({ length: 8 }, () => take(device)));
  const ids = bundles.map(({ body }) => body.preKey?.id ?? "none");
  const taken = ids.filter((id) => id !== "none");
  expect(new Set(taken)).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(taken).toHaveLength(5);
  const kyber = bundles.map(({ body }) => body.kyberPreKey.publicKey as string);
  for (const { publicKey } of preKeys.kyberPreKeys)
    expect(kyber.filter((key) => key === publicKey)).toHaveLength(1);
  expect(kyber.filter((key) => key === preKeys.lastResortKyberPreKey.publicKey)).toHaveLength(3);
});

test("the remaining prekeys are counted, and zero is stated", async () => {
  const { device } = await publisher(1);
  expect((await device.request("GET", own)).body).toEqual({
    preKeys: 1,
    kyberPreKeys: 1,
    highestId: 1,
  });
  await take(device);
  expect((await device.request("GET", own)).body).toEqual({
    preKeys: 0,
    kyberPreKeys: 0,
    highestId: 1,
  });
});

test("an upload adds prekeys, and may be repeated", async () => {
  const { device } = await publisher(0);
  const body = fakePreKeys({ oneTime: 100, firstId: 10, signedId: 2 });
  const first = await device.request("PUT", own, { body });
  expect(first.body).toEqual({ preKeys: 100, kyberPreKeys: 100, highestId: 109 });
  const second = await device.request("PUT", own, { body });
  expect(second.body).toEqual({ preKeys: 100, kyberPreKeys: 100, highestId: 109 });
  expect((await take(device)).body.signedPreKey).toEqual(body.signedPreKey);
});

test("an upload with replace withdraws the unused prekeys of earlier uploads", async () => {
  const { device } = await publisher(3);
  await take(device);
  const body = { ...fakePreKeys({ oneTime: 2, firstId: 10, signedId: 4 }), replace: true };
  for (let times = 0; times < 2; times++)
    expect((await device.request("PUT", own, { body })).body).toEqual({
      preKeys: 2,
      kyberPreKeys: 2,
      highestId: 11,
    });
  expect((await take(device)).body.preKey.id).toBe(10);
});

test("repeating an upload does not bring back a prekey that was handed out", async () => {
  const { device, preKeys } = await publisher(1);
  await take(device);
  const repeated = await device.request("PUT", own, { body: preKeys });
  expect(repeated.body).toEqual({ preKeys: 0, kyberPreKeys: 0, highestId: 1 });
});

test.each<[string, (old: ReturnType<typeof fakePreKeys>) => object]>([
  ["a one-time prekey's", (old) => ({ ...old, preKeys: fakePreKeys({ oneTime: 1 }).preKeys })],
  [
    "a Kyber prekey's",
    (old) => ({ ...old, kyberPreKeys: fakePreKeys({ oneTime: 1 }).kyberPreKeys }),
  ],
  ["the signed prekey's", (old) => ({ ...old, signedPreKey: fakePreKeys().signedPreKey })],
  [
    "the last-resort prekey's",
    (old) => ({ ...old, lastResortKyberPreKey: fakePreKeys().lastResortKyberPreKey }),
  ],
])("using %s id for another key is refused, also after it was handed out", async (_what, reuse) => {
  const { device, preKeys } = await publisher(1);
  const body = reuse(preKeys);
  const before = await device.request("PUT", own, { body });
  expect([before.status, before.body.code]).toEqual([409, "prekey_id_reused"]);
  await take(device);
  expect((await device.request("PUT", own, { body })).body.code).toBe("prekey_id_reused");
});

const random = (length: number) => randomBytes(length).toString("base64url");
test.each<[string, (good: ReturnType<typeof fakePreKeys>) => object]>([
  [
    "a signed prekey",
    (good) => ({ signedPreKey: { ...good.signedPreKey, signature: random(64) } }),
  ],
  [
    "a last-resort Kyber prekey",
    (good) => ({ lastResortKyberPreKey: { ...good.lastResortKyberPreKey, signature: random(64) } }),
  ],
  [
    "a one-time Kyber prekey",
    (good) => ({
      kyberPreKeys: good.kyberPreKeys.map((key) => ({ ...key, signature: random(64) })),
    }),
  ],
  [
    "a signed prekey with the signature of another",
    (good) => ({
      signedPreKey: { ...good.signedPreKey, signature: fakePreKeys().signedPreKey.signature },
    }),
  ],
  [
    "a one-time prekey of another type",
    () => ({
      preKeys: [{ id: 90, publicKey: Buffer.alloc(33, 0x06).toString("base64url") }],
    }),
  ],
])("%s that no device could use is refused, at registration and later", async (_what, spoil) => {
  const good = fakePreKeys({ oneTime: 1, firstId: 50, signedId: 9 });
  const preKeys = { ...good, ...spoil(good) };
  const device = new TestDevice(server);
  await device.signInAsStaff(await server.createStaff("agent"));
  const refused = await device.register({ preKeys });
  expect([refused.status, refused.body.code]).toEqual([400, "invalid_prekey"]);
  await device.register();
  expect((await device.request("PUT", own, { body: preKeys })).body.code).toBe("invalid_prekey");
  expect((await device.request("PUT", own, { body: good })).status).toBe(200);
});

test("one id twice in an upload is refused", async () => {
  const { device } = await publisher(0);
  const upload = fakePreKeys({ oneTime: 1, firstId: 7 });
  const body = { ...upload, preKeys: [...upload.preKeys, ...upload.preKeys] };
  expect((await device.request("PUT", own, { body })).body.code).toBe("prekey_id_reused");
});

test("more than a hundred of a kind are refused, and nothing of them is kept", async () => {
  const { device } = await publisher(0);
  const body = { ...fakePreKeys({ oneTime: 101 }), kyberPreKeys: [] };
  expect((await device.request("PUT", own, { body })).body.code).toBe("too_many_prekeys");
  expect((await device.request("GET", own)).body.preKeys).toBe(0);
});

test.each<[string, object]>([
  [
    "a Curve25519 key of 32 bytes",
    { preKeys: [{ id: 9, publicKey: randomBytes(32).toString("base64url") }] },
  ],
  [
    "a Kyber key of 1568 bytes",
    {
      kyberPreKeys: [
        {
          id: 9,
          publicKey: randomBytes(1568).toString("base64url"),
          signature: randomBytes(64).toString("base64url"),
        },
      ],
    },
  ],
])("%s is refused", async (_what, changes) => {
  const { device, preKeys } = await publisher(0);
  const reply = await device.request("PUT", own, { body: { ...preKeys, ...changes } });
  expect(reply.body.code).toBe("invalid_prekey");
});

describe("the check", () => {
  const bytesOf = ({ id, publicKey }: { id: number; publicKey: string }) => ({
    id,
    publicKey: Buffer.from(publicKey, "base64url"),
  });
  const digestOf = (device: TestDevice, preKeys: ReturnType<typeof fakePreKeys>) =>
    createHash("sha256")
      .update(
        publishedKeysBytes({
          identityKey: device.identityKey,
          signedPreKey: bytesOf(preKeys.signedPreKey),
          lastResortKyberPreKey: bytesOf(preKeys.lastResortKyberPreKey),
        }),
      )
      .digest("base64url");
  const check = (device: TestDevice, digest: string) =>
    device.request("POST", `${own}/check`, { body: { digest } });

  test("passes while the relay serves what the device published", async () => {
    const { device, preKeys } = await publisher(0);
    expect((await check(device, digestOf(device, preKeys))).status).toBe(204);
  });

  test("tells a device whose keys were changed behind its back", async () => {
    const { device, preKeys } = await publisher(0);
    await server.database.owner.query(
      "update sealdesk.signed_prekeys set public_key = $2 where device = $1 and kind = 'ec'",
      [device.id, randomBytes(33)],
    );
    const reply = await check(device, digestOf(device, preKeys));
    expect([reply.status, reply.body.code]).toEqual([409, "prekeys_differ"]);
  });
});

describe("taking a bundle is refused", () => {
  test("of a device that is not there, or was revoked", async () => {
    const { device } = await publisher(1);
    await device.remove(device);
    expect((await take(device)).body.code).toBe("device_not_found");
    const reply = await taker.request("POST", `/v1/devices/${randomUUID()}/bundle`);
    expect([reply.status, reply.body.code]).toEqual([404, "device_not_found"]);
  });

  test("to a customer who shares no conversation with another, and spends nothing", async () => {
    const customer = await customerDevice(server);
    const stranger = await customerDevice(server);
    const reply = await customer.request("POST", `/v1/devices/${stranger.id}/bundle`);
    expect([reply.status, reply.body.code]).toEqual([403, "forbidden"]);
    expect((await stranger.request("GET", own)).body.preKeys).toBe(3);
  });

  test("to an admin", async () => {
    const admin = await staffDevice(server, "admin");
    const { device } = await publisher(1);
    const reply = await admin.request("POST", `/v1/devices/${device.id}/bundle`);
    expect(reply.body.code).toBe("forbidden");
  });

  test("after six of one device by one device, until ten minutes have passed", async () => {
    const limited = await startTestServer({ bundleLimit: { burst: 6, secondsPerFurther: 600 } });
    try {
      const agent = await staffDevice(limited);
      const [one, two] = [await customerDevice(limited), await customerDevice(limited)];
      const status = async (device: TestDevice) =>
        (await agent.request("POST", `/v1/devices/${device.id}/bundle`)).status;
      for (let count = 0; count < 6; count++) expect(await status(one)).toBe(200);
      expect(await status(one)).toBe(429);
      expect(await status(two)).toBe(200);
    } finally {
      await limited.close();
    }
  });
});
