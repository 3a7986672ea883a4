/** The server takes only lists that the account signed, of exactly the devices that it has. */
import { fromBase64Url, toBase64Url } from "../../../crypto/wire/bytes.ts";
import { decodeKeyEntry } from "../../../crypto/wire/key-entry.ts";
import { listValidityMs } from "../../../crypto/wire/device-list.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import {
  customerDevice,
  ed25519,
  staffDevice,
  TestDevice,
  type Reply,
} from "../../support/device.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { signedList } from "../../support/signed-list.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A further device of the customer's account, signed in. */
async function another(of: TestDevice, subject: string): Promise<TestDevice> {
  const device = new TestDevice(server);
  device.joinAccountOf(of);
  await device.signInAsCustomer(subject);
  return device;
}

const historyOf = async (device: TestDevice, user = device.user) => {
  const { body } = await device.request("GET", `/v1/users/${user}/key-history`);
  const entries = (body.entries as { entry: string }[]).map(({ entry }) =>
    decodeKeyEntry(fromBase64Url(entry)),
  );
  return { entries, list: body.list as { version: number } | null };
};
const codeOf = ({ status, body }: Reply): unknown => (status < 300 ? "done" : body.code);

test("each change of an account carries its list, and the newest one is shown", async () => {
  const subject = newId();
  const first = await customerDevice(server, subject);
  const second = await another(first, subject);
  await second.register();
  await first.remove(second);
  const { entries, list } = await historyOf(first);
  expect(entries.map((entry) => entry.list?.version)).toEqual([1, 2, 3]);
  expect(list).toMatchObject({ version: 3 });
  expect(await first.request("PUT", "/v1/device-list", { body: first.nextList() })).toMatchObject({
    status: 204,
  });
  const renewed = await historyOf(first);
  expect(renewed.entries).toHaveLength(3);
  expect(renewed.list).toMatchObject({ version: 4 });
});

describe("a list is refused", () => {
  test.each<[string, (device: TestDevice) => object]>([
    ["that another key signed", (device) => signedBy(device, ed25519())],
    ["that the account key signed", (device) => signedBy(device, device.accountKey)],
    ["that names another signer", (device) => ({ ...device.nextList(), signedBy: newId() })],
    ["that lacks a device", (device) => device.nextList([])],
    [
      "that has another device",
      (device) => device.nextList([{ ...device.record, device: newId() }]),
    ],
    [
      "that has another key of the device",
      (device) => device.nextList([{ ...device.record, receiptKey: ed25519().publicKey }]),
    ],
    ["whose version is not the signed one", (device) => ({ ...device.nextList(), version: 9 })],
    ["whose end is not the signed one", (device) => ({ ...device.nextList(), validUntilMs: 9 })],
    [
      "whose version is so high that no other device could sign a later one",
      (device) => device.nextList(undefined, { version: Number.MAX_SAFE_INTEGER }),
    ],
    [
      "that is valid for over 30 days",
      (device) =>
        device.nextList(undefined, { validUntilMs: Date.now() + listValidityMs + 60_000 }),
    ],
  ])("%s", async (_what, list) => {
    const device = await customerDevice(server);
    const reply = await device.request("PUT", "/v1/device-list", { body: list(device) });
    expect(codeOf(reply)).toBe("invalid_device_list");
    expect((await historyOf(device)).list).toMatchObject({ version: 1 });
  });

  test("if the account has one as new, but a repeated request is no error", async () => {
    const device = await customerDevice(server);
    const body = device.nextList();
    const put = (list: object) => device.request("PUT", "/v1/device-list", { body: list });
    expect([codeOf(await put(body)), codeOf(await put(body))]).toEqual(["done", "done"]);
    const rival = device.nextList(undefined, { issuedAtMs: 5 });
    expect(codeOf(await put(rival))).toBe("stale_device_list");
  });

  test("at registration, and nothing is registered", async () => {
    const subject = newId();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    for (const list of [
      second.nextList([first.record]),
      second.nextList([second.record]),
      signedBy(second, ed25519()),
    ])
      expect(codeOf(await second.register({ list }))).toBe("invalid_device_list");
    expect((await historyOf(first)).entries).toHaveLength(1);
    expect(codeOf(await second.register())).toBe("done");
  });

  test("from a device whose list another device of the account signed", async () => {
    const subject = newId();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    await second.register();
    const put = (by: TestDevice) =>
      first.request("PUT", "/v1/device-list", { body: by.nextList() });
    expect(codeOf(await put(second))).toBe("invalid_device_list");
    expect(codeOf(await put(first))).toBe("done");
  });

  test("at a removal that leaves the removed device in, and nothing is removed", async () => {
    const subject = newId();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    await second.register();
    const path = `/v1/devices/${second.id}/removal`;
    const reply = await first.request("POST", path, { body: { list: first.nextList() } });
    expect(codeOf(reply)).toBe("invalid_device_list");
    expect((await second.request("GET", "/v1/staff")).status).toBe(200);
  });

  test("from a device that is not registered", async () => {
    const subject = newId();
    const thief = await another(await customerDevice(server, subject), subject);
    const reply = await thief.request("PUT", "/v1/device-list", { body: thief.nextList() });
    expect(codeOf(reply)).toBe("device_required");
  });

  function signedBy(device: TestDevice, key: TestDevice["accountKey"]): object {
    const { version } = device.nextList();
    const list = signedList(device, { device: device.id, key }, [device.record], { version });
    return { ...list, signature: toBase64Url(list.signature) };
  }
});

describe("a removal is the account's act", () => {
  test("a device of one's own account is removed only with a list", async () => {
    const subject = newId();
    const first = await customerDevice(server, subject);
    const second = await another(first, subject);
    await second.register();
    const reply = await first.request("DELETE", `/v1/devices/${second.id}`);
    expect(codeOf(reply)).toBe("invalid_device_list");
    expect((await second.request("GET", "/v1/staff")).status).toBe(200);
  });

  test("or an administrator's, who signs nothing: the log shows that the account did not", async () => {
    const admin = await staffDevice(server, "admin");
    const device = await customerDevice(server);
    const list = device.nextList([]);
    const path = `/v1/devices/${device.id}`;
    expect(codeOf(await admin.request("POST", `${path}/removal`, { body: { list } }))).toBe(
      "invalid_device_list",
    );
    expect(codeOf(await admin.request("DELETE", path))).toBe("done");
    const { entries, list: newest } = await historyOf(admin, device.user);
    expect(entries.map(({ change, list: signed }) => [change, signed?.version])).toEqual([
      ["device_added", 1],
      ["device_removed", undefined],
    ]);
    expect(newest).toMatchObject({ version: 1 });
  });

  test("a reset ends the list, and the next key begins another", async () => {
    const admin = await staffDevice(server, "admin");
    const subject = newId();
    const lost = await customerDevice(server, subject);
    const body = { reason: "devices_lost" };
    await admin.request("POST", `/v1/users/${lost.user}/reset`, { body });
    expect((await historyOf(admin, lost.user)).list).toBeNull();
    const next = new TestDevice(server);
    await next.signInAsCustomer(subject);
    expect(codeOf(await next.register())).toBe("done");
    expect((await historyOf(admin, lost.user)).list).toMatchObject({ version: 1 });
  });
});
