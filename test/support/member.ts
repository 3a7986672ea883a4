import { randomBytes, randomUUID } from "node:crypto";
import { MemoryLevel } from "memory-level";
import {
  DeviceStore,
  Sealdesk,
  type ConnectOptions,
  type Conversation,
  type ConversationItem,
  type Credentials,
  type Level,
} from "../../client/index.ts";
import { webSocket } from "../../client/index.node.ts";
import type { RotationLimits } from "../../crypto/device/suite.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";
import type { StaffRole } from "../../keys/accounts/staff.ts";
import type { TestServer } from "./server.ts";

const limits: RotationLimits = { maxMessages: 100, maxAgeMs: 3_600_000 };

export interface MemberOptions extends Partial<
  Pick<ConnectOptions, "webSocket" | "backoff" | "keepalive" | "runtime">
> {
  readonly limits?: RotationLimits;
  /** The device's disk; a fresh one by default. */
  readonly level?: Level;
}

/** A real device: this SDK, libsignal, and a socket to the test server. */
export interface Member {
  readonly desk: Sealdesk;
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
  subject: string = randomUUID(),
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
  const level = options.level ?? new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const desk = await Sealdesk.connect({
    url: server.url,
    credentials,
    suite: signalSuite(options.limits ?? limits),
    store: await DeviceStore.open(level, key),
    webSocket,
    backoff: { baseMs: 20, capMs: 200, stableMs: 1_000 },
    ...options,
  });
  return {
    desk,
    credentials,
    level,
    key,
    async restart(changes = {}) {
      await desk.close();
      return connect(server, credentials, { ...options, ...changes, level }, key);
    },
  };
}

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
export async function joined(member: Member, id: string): Promise<Conversation> {
  const known = member.desk.conversation(id);
  if (known !== undefined) return known;
  return new Promise((resolve) => {
    const stop = member.desk.on("conversation", (conversation) => {
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
