import { MemoryLevel } from "memory-level";
import type { Author, SigningAuthor } from "../../../../crypto/device/authorship.ts";
import {
  createSigner,
  generateSigningKey,
  sha256,
  ready,
} from "../../../../crypto/device/sodium.ts";
import { DeviceStore, type Level, type StoreTransaction } from "../../../../crypto/device/store.ts";
import { signalSuite } from "../../../../crypto/device/suites/signal/index.ts";
import type {
  OpenRequest,
  PreKeyBundle,
  PreKeyUpload,
  RotationLimits,
  Sealed,
  Suite,
} from "../../../../crypto/device/suite.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import type { DeviceId, ConversationId, TenantId, UserId } from "../../../../crypto/wire/ids.ts";

await ready;

export const limits: RotationLimits = { maxMessages: 100, maxAgeMs: 3_600_000 };
export const nowMs = Date.UTC(2026, 0, 5);
export const utf8 = (text: string) => new TextEncoder().encode(text);

/** Counts the calls of a store to its database, and can fail the next write. */
export class CountingLevel implements Level {
  readonly inner = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  reads = 0;
  batches = 0;
  /** The number of times that names, or names and values, were listed. */
  listings = 0;
  failNextBatch = false;
  /** Fails reads of the record with this name. */
  unreadable: string | undefined;

  open = () => this.inner.open();
  close = () => this.inner.close();

  getMany(...[keys, options]: Parameters<Level["getMany"]>) {
    this.reads++;
    return keys.some((key) => key === this.unreadable)
      ? Promise.reject(new Error("disk unreadable"))
      : this.inner.getMany(keys, options);
  }

  batch(...[operations, options]: Parameters<Level["batch"]>): Promise<void> {
    this.batches++;
    if (!this.failNextBatch) return this.inner.batch(operations, options);
    this.failNextBatch = false;
    return Promise.reject(new Error("disk full"));
  }

  iterator(options: Parameters<Level["iterator"]>[0]) {
    this.reads++;
    this.listings++;
    return this.inner.iterator(options);
  }

  keys(options: Parameters<Level["keys"]>[0]) {
    this.reads++;
    this.listings++;
    return this.inner.keys(options);
  }

  reset(): void {
    this.reads = 0;
    this.batches = 0;
    this.listings = 0;
  }
}

export interface TestDevice {
  readonly id: DeviceId;
  readonly level: CountingLevel;
  readonly suite: Suite;
  readonly identityKey: Uint8Array;
  readonly registrationId: number;
  /** Its owner, with both halves of its receipt key. */
  readonly author: Author & SigningAuthor;
  store: DeviceStore;
  transact<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;
  /** Closes the store and opens it again. Nothing is left in memory. */
  restart(): Promise<void>;
}

export const storeKey = sha256(utf8("test"));

export async function newDevice(
  options: { readonly id?: DeviceId; readonly limits?: RotationLimits } = {},
): Promise<TestDevice> {
  const id = options.id ?? newId<DeviceId>();
  const level = new CountingLevel();
  const suite = signalSuite(options.limits ?? limits);
  const store = await DeviceStore.open(level, storeKey);
  const identity = await store.transact((tx) => suite.createIdentity(tx, id));
  const device: TestDevice = {
    id,
    level,
    suite,
    ...identity,
    author: await newAuthor(),
    store,
    transact: (work) => device.store.transact(work),
    async restart() {
      await device.store.close();
      device.store = await DeviceStore.open(level, storeKey);
    },
  };
  return device;
}

const tenant = newId<TenantId>();

async function newAuthor(): Promise<Author & SigningAuthor> {
  const { publicKey, privateKey } = generateSigningKey();
  const sign = await createSigner(privateKey);
  return { tenant, user: newId<UserId>(), receiptKey: publicKey, sign };
}

export function bundleOf(
  device: TestDevice,
  upload: PreKeyUpload,
  options: { readonly lastResort?: boolean } = {},
): PreKeyBundle {
  const oneTime = options.lastResort !== true;
  return {
    device: device.id,
    registrationId: device.registrationId,
    identityKey: device.identityKey,
    signedPreKey: upload.signedPreKey,
    preKey: oneTime ? upload.preKeys[0] : undefined,
    kyberPreKey: (oneTime ? upload.kyberPreKeys[0] : undefined) ?? upload.lastResortKyberPreKey,
  };
}

export const newBundle = async (
  device: TestDevice,
  options: { readonly lastResort?: boolean; readonly atMs?: number } = {},
): Promise<PreKeyBundle> => {
  const request = { oneTime: 1, nowMs: options.atMs ?? nowMs };
  const upload = await device.transact((tx) => device.suite.createPreKeys(tx, request));
  return bundleOf(device, upload, options);
};

export const trust = (device: TestDevice, peer: TestDevice) =>
  device.transact((tx) =>
    device.suite.trust(tx, { device: peer.id, identityKey: peer.identityKey }),
  );

/** Makes each trust the other. `from` has a session to `to`. */
export async function connect(
  from: TestDevice,
  to: TestDevice,
  options: { readonly lastResort?: boolean } = {},
): Promise<void> {
  await trust(from, to);
  await trust(to, from);
  const bundle = await newBundle(to, options);
  await from.transact((tx) => from.suite.establish(tx, bundle, nowMs));
}

/** Devices. The first has a session to each of the others. */
export async function newGroup(
  size: number,
  options: { readonly limits?: RotationLimits } = {},
): Promise<[TestDevice, ...TestDevice[]]> {
  const first = await newDevice(options);
  const others = await Promise.all(Array.from({ length: size - 1 }, () => newDevice(options)));
  for (const other of others) await connect(first, other);
  return [first, ...others];
}

export interface Room {
  readonly conversation: ConversationId;
  readonly epoch: number;
}

export const newRoom = (): Room => ({ conversation: newId<ConversationId>(), epoch: 1 });

export const seal = (
  from: TestDevice,
  to: readonly TestDevice[],
  room: Room,
  text: string | Uint8Array = "hello",
  at = nowMs,
): Promise<Sealed> =>
  from.transact((tx) =>
    from.suite.seal(tx, {
      ...room,
      devices: to.map(({ id }) => id),
      plaintext: typeof text === "string" ? utf8(text) : text,
      nowMs: at,
    }),
  );

/** What the relay would deliver of `sealed` to `to`. */
export const delivery = (
  from: TestDevice,
  to: TestDevice,
  room: Room,
  sealed: Sealed,
  atMs = nowMs,
): OpenRequest => ({
  ...room,
  nowMs: atMs,
  senderDevice: from.id,
  keyId: sealed.keyId,
  ciphertext: sealed.ciphertext,
  packet: sealed.packets.find(({ device }) => device === to.id)?.bytes,
});

export const open = async (to: TestDevice, request: OpenRequest): Promise<string> =>
  new TextDecoder().decode(await to.transact((tx) => to.suite.open(tx, request)));

/** A copy with the byte at `index` changed. A negative index counts from the end. */
export function tampered(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = index < 0 ? copy.length + index : index;
  copy[at] = copy[at]! ^ 1;
  return copy;
}
