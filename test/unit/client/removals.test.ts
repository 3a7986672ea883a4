import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { confirmWithinMs } from "../../../client/conversation/confirm-removal.ts";
import {
  askRemoval,
  endRemovals,
  isRecorded,
  removedMember,
  withheldFrom,
} from "../../../client/conversation/removals.ts";
import { ConversationLog } from "../../../client/conversation/log.ts";
import { removeMember } from "../../../client/conversation/remove-member.ts";
import { removeDevice, type RemoveDeviceDeps } from "../../../client/device/remove-device.ts";
import { removedDevice } from "../../../client/device/removed-devices.ts";
import { noteList } from "../../../client/key-log/seen-lists.ts";
import { AccountLog } from "../../support/account-log.ts";
import type { Account } from "../../../client/device/account.ts";
import type { Api } from "../../../client/http/api.ts";
import { approveDevice } from "../../../client/linking/own-devices.ts";
import { encodeLinkCode } from "../../../crypto/device/linking/link-code.ts";
import { SealdeskError, type SealdeskErrorCode } from "../../../client/errors.ts";
import type { KeyHistory } from "../../../client/key-log/key-history.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { createIdentityKey } from "../../../crypto/device/identity.ts";
import { sha256, verifySignature } from "../../../crypto/device/sodium.ts";
import type { SignedReceipt } from "../../../crypto/wire/frame.ts";
import { decodeReceipt, receiptBytes } from "../../../crypto/wire/receipt.ts";
import { membersBytes } from "../../../crypto/wire/signed-records.ts";
import type { ConversationId, DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { limits } from "./log-double.ts";
import { ManualClock, settle } from "./manual-clock.ts";

const openStore = () =>
  DeviceStore.open(new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }), randomBytes(32));
const failWith = (code: SealdeskErrorCode) => () => Promise.reject(new SealdeskError(code, code));
const succeed = () => Promise.resolve("done");

describe("the record of a removal", () => {
  const name = removedDevice(newId<DeviceId>());
  const isKept = (store: DeviceStore) => store.read((each) => isRecorded(each, name));

  test("is in the store before the request", async () => {
    const store = await openStore();
    let wasKept = false;
    await askRemoval(store, name, async () => {
      wasKept = await isKept(store);
    });
    expect(wasKept).toBe(true);
  });

  test.each<[SealdeskErrorCode, boolean]>([
    ["forbidden", false],
    ["device_not_found", false],
    ["member_not_found", false],
    ["conversation_not_found", false],
    ["network", true],
    ["server_error", true],
    ["rate_limited", true],
    ["invalid_response", true],
    ["request_refused", true],
    ["closed", true],
  ])("after %s, it is kept: %s", async (code, kept) => {
    const store = await openStore();
    await expect(askRemoval(store, name, failWith(code))).rejects.toMatchObject({ code });
    expect(await isKept(store)).toBe(kept);
  });

  test("of a removal that was accepted stays when a further one is refused", async () => {
    const store = await openStore();
    await askRemoval(store, name, succeed);
    const again = askRemoval(store, name, failWith("device_not_found"));
    await expect(again).rejects.toMatchObject({ code: "device_not_found" });
    expect(await isKept(store)).toBe(true);
  });
});

describe("the removal of a member", () => {
  const conversation = newId<ConversationId>();
  const [user, other] = [newId<UserId>(), newId<UserId>()];
  const [own, device, added] = [newId<DeviceId>(), newId<DeviceId>(), newId<DeviceId>()];
  const self = { tenant: newId<TenantId>(), user: other, device: own };
  const list = (...devices: DeviceId[]) => [
    { user: other, role: "agent", devices: [own] },
    { user, role: "agent", devices },
  ];
  const recorded = async () => {
    const store = await openStore();
    await askRemoval(store, removedMember(conversation, user), succeed);
    const valid = { version: 1, issuedAtMs: 0, validUntilMs: 1, accountKey: new Uint8Array(32) };
    await store.transact((each) => noteList(each, user, { ...valid }, 0));
    const withheld = (...devices: DeviceId[]) => {
      const state = {
        members: list(...devices),
        withheld: [],
        withheldMembers: [],
        uncertified: [],
      };
      return store.read((each) => withheldFrom(each, conversation, state, self, 0));
    };
    const end = (
      kind: "member_added" | "member_removed" | "device_added",
      subject: UserId,
      members = list(device),
    ) => store.transact((each) => endRemovals(each, conversation, kind, { members, subject }));
    return { store, withheld, end };
  };

  test("withholds from every device of theirs, in this conversation only (R27)", async () => {
    const { store, withheld } = await recorded();
    expect(await withheld(device, added)).toEqual([device, added]);
    const elsewhere = { members: list(device), withheld: [], withheldMembers: [], uncertified: [] };
    const there = newId<ConversationId>();
    expect(await store.read((each) => withheldFrom(each, there, elsewhere, self, 0))).toEqual([]);
  });

  test("is over when an event shows it or adds them anew, and with no other", async () => {
    for (const [kind, subject, members, isOver] of [
      ["device_added", user, list(device), false],
      // Nobody signs this list.
      ["device_added", other, list().slice(0, 1), false],
      ["member_added", other, list(device), false],
      ["member_removed", other, list(device), false],
      ["member_removed", user, list().slice(0, 1), true],
      ["member_added", user, list(device), true],
    ] as const) {
      const { withheld, end } = await recorded();
      await end(kind, subject, [...members]);
      expect(await withheld(device)).toEqual(isOver ? [] : [device]);
    }
  });

  test("does not begin again when its event comes before the answer", async () => {
    const store = await openStore();
    const name = removedMember(conversation, user);
    const members = list().slice(0, 1);
    await askRemoval(store, name, () =>
      store.transact((each) =>
        endRemovals(each, conversation, "member_removed", { members, subject: user }),
      ),
    );
    expect(await store.read((each) => isRecorded(each, name))).toBe(false);
  });
});

test("a device that was removed is not let in again", async () => {
  const store = await openStore();
  const device = newId<DeviceId>();
  await askRemoval(store, removedDevice(device), succeed);
  const ephemeralKey = randomBytes(32);
  const link = { device, ephemeralKey, deviceKey: randomBytes(32), state: "pending" };
  const api = { linkRequest: async () => link } as unknown as Api;
  const account = { user: newId<UserId>(), device: newId<DeviceId>() } as Account;
  const deviceKey = { publicKey: randomBytes(32), privateKey: randomBytes(64) };
  const code = encodeLinkCode({ request: newId(), ephemeralKey, secret: randomBytes(16) });
  const approved = approveDevice({ store, api, account, deviceKey }, code);
  await expect(approved).rejects.toMatchObject({ code: "device_revoked" });
});

test("a supervisor who is no member removes somebody without waiting for an event", async () => {
  const store = await openStore();
  const account = {
    tenant: newId<TenantId>(),
    user: newId<UserId>(),
    device: newId<DeviceId>(),
  } as Account;
  const receiptKey = await store.transact((each) => createIdentityKey(each, "receipt"));
  const log = new ConversationLog(newId<ConversationId>(), account, store, limits, undefined);
  const user = newId<UserId>();
  const stays = { user: newId<UserId>(), role: "customer", devices: [newId<DeviceId>()] };
  const head = { seq: 6, hash: randomBytes(32) };
  const posted: SignedReceipt[] = [];
  const api = {
    readConversation: async () => ({
      head,
      epoch: 4,
      members: [stays, { user, role: "agent", devices: [] }],
    }),
    removeMember: async (_: ConversationId, signed: SignedReceipt) => {
      posted.push(signed);
      return { epoch: 5, seq: 7 };
    },
  } as unknown as Api;
  const clock = new ManualClock();
  await removeMember({ store, api, account, newId, clock, localClock: clock }, log, user);
  // It signs what the server says of the conversation.
  const [{ text, signature } = { text: new Uint8Array(), signature: new Uint8Array() }] = posted;
  expect(verifySignature(receiptBytes(text), signature, receiptKey)).toBe(true);
  expect(decodeReceipt(text)).toMatchObject({
    kind: "member_removed",
    actor: account.user,
    subject: user,
    epoch: 5,
    members: Uint8Array.from(sha256(membersBytes([stays]))),
    after: { seq: 6, hash: Uint8Array.from(head.hash) },
  });
  expect(await store.read((each) => isRecorded(each, removedMember(log.id, user)))).toBe(false);
});

describe("the removal of a device", () => {
  const device = newId<DeviceId>();
  const log = new AccountLog();
  const account = { tenant: log.tenant, user: log.user, device: newId<DeviceId>() };
  log.add(account.device);
  const arrival = log.add(device);
  const removal = log.remove(arrival);
  const entries = { device_added: arrival, device_removed: removal };
  const history = (...changes: ("device_added" | "device_removed")[]): KeyHistory =>
    log.history([log.entries[0]!, ...changes.map((change) => entries[change])]);
  const done = async () => undefined;

  const nobodyKnown = {
    device: () => undefined,
    unaccepted: () => undefined,
    distrustOf: () => undefined,
  };

  async function setUp(changes: Partial<RemoveDeviceDeps>) {
    const clock = new ManualClock();
    const store = await openStore();
    await store.transact(async (transaction) => log.giveKeys(transaction, account.device));
    const deps: RemoveDeviceDeps = {
      store,
      api: { removeDevice: done, removeOwnDevice: done },
      account,
      trust: nobodyKnown,
      keyLog: { historyOf: async () => history("device_added", "device_removed") },
      manager: { whenGone: async () => true },
      localClock: clock,
      ...changes,
    };
    const outcome = removeDevice(deps, device).then(
      () => "resolved",
      (error: unknown) => (error instanceof SealdeskError ? error.code : error),
    );
    await settle();
    return { clock, outcome };
  }

  test("waits for the key log, and asks again after a failure", async () => {
    const answers = [
      async () => history("device_added"),
      async () => history("device_added"),
      async () => history("device_added"),
      failWith("network"),
      async () => history("device_added", "device_removed"),
    ];
    const { clock, outcome } = await setUp({
      keyLog: { historyOf: () => answers.shift()!() },
    });
    await clock.pass(3_000);
    expect(await outcome).toBe("resolved");
    expect(answers).toEqual([]);
  });

  test.each<[string, Partial<RemoveDeviceDeps>]>([
    [
      "the key log does not show it",
      { keyLog: { historyOf: async () => history("device_added") } },
    ],
    ["the key log does not answer", { keyLog: { historyOf: () => new Promise(() => undefined) } }],
    [
      "a conversation does not show it",
      { manager: { whenGone: () => new Promise(() => undefined) } },
    ],
  ])("is not confirmed if %s within a minute", async (_, changes) => {
    const { clock, outcome } = await setUp(changes);
    await clock.pass(confirmWithinMs);
    expect(await outcome).toBe("removal_not_confirmed");
  });

  test("by an admin is looked for in the log of the device's account", async () => {
    const owner = newId<UserId>();
    const asked: UserId[] = [];
    const { outcome } = await setUp({
      trust: {
        ...nobodyKnown,
        device: () => ({
          user: owner,
          deviceKey: new Uint8Array(32),
          receiptKey: new Uint8Array(32),
        }),
      },
      keyLog: {
        historyOf: async (user) => {
          asked.push(user);
          return user === owner ? history("device_added", "device_removed") : history();
        },
      },
    });
    expect(await outcome).toBe("resolved");
    expect(asked).toEqual([account.user, owner]);
  });

  test("by an admin, of an account that this device does not know, resolves with the answer", async () => {
    const keyLog = { historyOf: async () => history() };
    expect(await (await setUp({ keyLog })).outcome).toBe("resolved");
    const api = { removeDevice: failWith("device_not_found"), removeOwnDevice: done };
    expect(await (await setUp({ keyLog, api })).outcome).toBe("device_not_found");
  });

  test("that was made before resolves, and one that the log does not know is refused", async () => {
    const api = { removeDevice: done, removeOwnDevice: failWith("device_not_found") };
    expect(await (await setUp({ api })).outcome).toBe("resolved");
    const keyLog = { historyOf: async () => history("device_added") };
    expect(await (await setUp({ api, keyLog })).outcome).toBe("device_not_found");
  });
});
