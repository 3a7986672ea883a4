import { DeviceStore } from "../../crypto/device/store.ts";
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import {
  Sealdesk,
  type ApprovalOptions,
  type ConnectOptions,
  type Conversation,
  type ConversationItem,
  type Credentials,
  type DeviceLink,
  type Level,
} from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";
import type { RotationLimits } from "../../crypto/device/suite.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import type { StaffRole } from "../../identity/accounts/staff.ts";
import type { TestServer } from "./server.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { UserId } from "../../crypto/wire/ids.ts";

const limits: RotationLimits = { maxMessages: 100, maxAgeMs: 3_600_000 };

export interface MemberOptions extends Partial<
  Pick<
    ConnectOptions,
    | "webSocket"
    | "backoff"
    | "keepalive"
    | "runtime"
    | "keyLog"
    | "keyLogWitnesses"
    | "restoreApprovers"
    | "authority"
  >
> {
  readonly limits?: RotationLimits;
  /** The device's disk; a fresh one by default. */
  readonly level?: Level;
}

/** A real device: this SDK, libsignal, and a socket to the test server. */
export interface Member {
  readonly sealdesk: Sealdesk;
  readonly credentials: Credentials;
  readonly level: Level;
  readonly key: Uint8Array;
  /** Closes the device and starts it again from its disk. */
  restart(options?: MemberOptions): Promise<Member>;
}

export async function connectStaff(
  server: TestServer,
  role: StaffRole = "agent",
  options: MemberOptions = {},
): Promise<Member> {
  const { tenant, username, password } = await server.createStaff(role);
  return connect(server, { grant: "password", tenant, username, password }, options);
}

export function connectCustomer(
  server: TestServer,
  options: MemberOptions = {},
  subject: string = newId<UserId>(),
): Promise<Member> {
  const token = () => server.customerToken(subject);
  const { slug: tenant } = server.tenant;
  return connect(server, { grant: "customer_token", tenant, token }, options);
}

export async function connect(
  server: TestServer,
  credentials: Credentials,
  options: MemberOptions = {},
  key: Uint8Array = randomBytes(32),
): Promise<Member> {
  const level = options.level ?? freshLevel();
  const sealdesk = await Sealdesk.connect(
    await settings(server, credentials, { ...options, level }, key),
  );
  return memberOf(server, credentials, { sealdesk, level, key }, options);
}

/** A new device of an account that asks to join it. */
export interface Newcomer {
  readonly link: DeviceLink<Sealdesk>;
  readonly level: Level;
  readonly key: Uint8Array;
  /** What it is once approved. */
  readonly member: Promise<Member>;
  /** Closes its store, as at the end of its process. */
  quit(): Promise<void>;
}

/** Starts a new device of the account, or with `level` and `key` goes on with one. */
export async function startLinking(
  server: TestServer,
  credentials: Credentials,
  options: MemberOptions = {},
  key: Uint8Array = randomBytes(32),
): Promise<Newcomer> {
  const level = options.level ?? freshLevel();
  const connecting = await settings(server, credentials, { ...options, level }, key);
  const link = await Sealdesk.link(connecting).catch(async (error: unknown) => {
    await connecting.store.close();
    throw error;
  });
  const member = link.approved.then((sealdesk) =>
    memberOf(server, credentials, { sealdesk, level, key }, options),
  );
  member.catch(() => undefined);
  return {
    link,
    level,
    key,
    member,
    async quit() {
      await link.stop();
      await connecting.store.close();
    },
  };
}

/** A further device of a member's account, which the member approves. */
export async function connectSibling(
  server: TestServer,
  sibling: Member,
  options: MemberOptions = {},
  approval: ApprovalOptions = {},
): Promise<Member> {
  const newcomer = await startLinking(server, sibling.credentials, options);
  await sibling.sealdesk.approveDevice(newcomer.link.code, approval);
  return newcomer.member;
}

const freshLevel = (): Level => new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });

const settings = async (
  server: TestServer,
  credentials: Credentials,
  options: MemberOptions & { readonly level: Level },
  key: Uint8Array,
): Promise<ConnectOptions> => ({
  url: server.url,
  credentials,
  suite: signalSuite(options.limits ?? limits),
  store: await DeviceStore.open(options.level, key),
  webSocket,
  backoff: { baseMs: 20, capMs: 200, stableMs: 1_000 },
  ...options,
});

const memberOf = (
  server: TestServer,
  credentials: Credentials,
  { sealdesk, level, key }: Pick<Member, "sealdesk" | "level" | "key">,
  options: MemberOptions,
): Member => ({
  sealdesk,
  credentials,
  level,
  key,
  async restart(changes = {}) {
    await sealdesk.close();
    return connect(server, credentials, { ...options, ...changes, level }, key);
  },
});

/** Closes these devices. */
export const closeAll = (...members: readonly Pick<Member, "sealdesk">[]): Promise<unknown> =>
  Promise.all(members.map(({ sealdesk }) => sealdesk.close()));

/** What would be on the disk after a crash at this moment. */
export async function copyOf(level: Level): Promise<Level> {
  const options = { keyEncoding: "utf8", valueEncoding: "view" } as const;
  const copy = new MemoryLevel<string, Uint8Array>(options);
  await copy.open();
  const entries = await level.iterator(options).all();
  await copy.batch(entries.map(([key, value]) => ({ type: "put", key, value })));
  return copy;
}

/** The conversation as `member` has it, once it is there. */
export async function joined(member: Pick<Member, "sealdesk">, id: string): Promise<Conversation> {
  const known = member.sealdesk.conversation(id);
  if (known !== undefined) return known;
  return new Promise((resolve) => {
    const stop = member.sealdesk.on("conversation", (conversation) => {
      if (conversation.id !== id) return;
      stop();
      resolve(conversation);
    });
  });
}

/** Reads on until `enough` says so of everything read. */
export async function readUntil(
  conversation: Conversation,
  enough: (items: readonly ConversationItem[]) => boolean,
  after = 0,
): Promise<ConversationItem[]> {
  const items: ConversationItem[] = [];
  for await (const item of conversation.messages({ after })) {
    items.push(item);
    if (enough(items)) break;
  }
  return items;
}

/** The texts of the first `count` messages. */
export async function readTexts(
  conversation: Conversation,
  count: number,
  after = 0,
): Promise<string[]> {
  const items = await readUntil(conversation, (all) => textsOf(all).length >= count, after);
  return textsOf(items);
}

export const textsOf = (items: readonly ConversationItem[]): string[] =>
  items.flatMap((item) => (item.kind === "message" ? [item.text] : []));

export const problemsOf = (items: readonly ConversationItem[]) =>
  items.filter((item) => item.kind === "problem");
