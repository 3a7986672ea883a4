import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  logOf,
  parseId,
  idFromBytes,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type SessionId,
  type AttachmentId,
  type GrantId,
  type ConsentId,
  type MessageId,
  type LogId,
  type Given,
} from "../../crypto/wire/ids.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { assertedIds } from "./asserted-ids.ts";

const text = "0198c0de-0001-7000-8000-000000000001";
const tenant = parseId<TenantId>(text);
const user = newId<UserId>();
const device = newId<DeviceId>();
const conversation = newId<ConversationId>();
const session = newId<SessionId>();
const attachment = newId<AttachmentId>();
const grant = newId<GrantId>();
const consent = newId<ConsentId>();
const message = newId<MessageId>();
const log = newId<LogId>();

const ofTenant = (id: TenantId): string => id;
const ofUser = (id: UserId): string => id;
const ofDevice = (id: DeviceId): string => id;
const ofConversation = (id: ConversationId): string => id;
const ofSession = (id: SessionId): string => id;
const ofAttachment = (id: AttachmentId): string => id;
const ofGrant = (id: GrantId): string => id;
const ofConsent = (id: ConsentId): string => id;
const ofMessage = (id: MessageId): string => id;
const ofLog = (id: LogId): string => id;
/** A function that an application calls. */
const fromApplication = (id: Given<UserId>): string => id;

// The compiler checks this file with the other tests. It refuses `@ts-expect-error` where the next line
// has no error. So each of these directives shows that the line after it does not compile.
describe("the compiler", () => {
  test("accepts an id of the right kind, and any id as a string", () => {
    expect([ofTenant(tenant), ofUser(user)]).toEqual([text, user]);
    expect([ofDevice(device), ofConversation(conversation)]).toEqual([device, conversation]);
    expect(ofSession(session)).toBe(session);
    expect(ofAttachment(attachment)).toBe(attachment);
    expect(ofGrant(grant)).toBe(grant);
    expect(ofConsent(consent)).toBe(consent);
    expect(ofMessage(message)).toBe(message);
    expect(ofLog(log)).toBe(log);
  });

  test("refuses a string", () => {
    // @ts-expect-error -- nothing has parsed the text
    expect(ofTenant(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofUser(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofDevice(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofConversation(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofSession(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofAttachment(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofGrant(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofConsent(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofMessage(text)).toBe(text);
    // @ts-expect-error -- nothing has parsed the text
    expect(ofLog(text)).toBe(text);
  });

  test("refuses an id of another kind", () => {
    // @ts-expect-error -- a tenant is no user
    expect(ofUser(tenant)).toBe(tenant);
    // @ts-expect-error -- a user is no tenant
    expect(ofTenant(user)).toBe(user);
    // @ts-expect-error -- a user is no device
    expect(ofDevice(user)).toBe(user);
    // @ts-expect-error -- a device is no user
    expect(ofUser(device)).toBe(device);
    // @ts-expect-error -- a device is no conversation
    expect(ofConversation(device)).toBe(device);
    // @ts-expect-error -- a tenant is no conversation
    expect(ofConversation(tenant)).toBe(tenant);
    // @ts-expect-error -- a device is no session
    expect(ofSession(device)).toBe(device);
    // @ts-expect-error -- a device is no attachment
    expect(ofAttachment(device)).toBe(device);
    // @ts-expect-error -- a device is no grant
    expect(ofGrant(device)).toBe(device);
    // @ts-expect-error -- a device is no consent
    expect(ofConsent(device)).toBe(device);
    // @ts-expect-error -- a device is no message
    expect(ofMessage(device)).toBe(device);
    // @ts-expect-error -- a tenant is no log, although its audit log has the same UUID
    expect(ofLog(tenant)).toBe(tenant);
    // @ts-expect-error -- a log is no tenant
    expect(ofTenant(log)).toBe(log);
  });

  test("takes the audit log of a tenant from the tenant", () => {
    expect(ofLog(logOf(tenant))).toBe(text);
    // @ts-expect-error -- a conversation has no audit log
    expect(logOf(conversation)).toBe(conversation);
  });

  test("refuses to compare ids of two kinds", () => {
    // @ts-expect-error -- they are never equal
    expect(user === device).toBe(false);
    // @ts-expect-error -- they are never equal
    expect(tenant === conversation).toBe(false);
  });

  test("refuses to parse an id as one of another kind", () => {
    // @ts-expect-error -- it is the id of a tenant already
    expect(parseId<UserId>(tenant)).toBe(tenant);
  });

  test("lets an application pass its own string, but no id of another kind", () => {
    expect([fromApplication(text), fromApplication(user)]).toEqual([text, user]);
    // @ts-expect-error -- a conversation is no user
    expect(fromApplication(conversation)).toBe(conversation);
  });
});

test("what is no UUID becomes no id", () => {
  for (const wrong of ["", "ada", text.toUpperCase(), `${text}\n`])
    expect(() => parseId<UserId>(wrong)).toThrow(
      expect.objectContaining({ name: "WireError", code: "malformed_record" }),
    );
  expect(idFromBytes<UserId>(new Uint8Array(16))).toBe("00000000-0000-0000-0000-000000000000");
});

describe("the kind of an id", () => {
  test("is asserted in crypto/wire/ids.ts alone", () => {
    const sources = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], {
      encoding: "utf8",
    })
      .split("\n")
      .filter((path) => path !== "" && path !== "crypto/wire/ids.ts");
    expect(sources.length).toBeGreaterThan(1_000);
    const found = sources.flatMap((path) =>
      assertedIds(readFileSync(path, "utf8")).map((name) => `${path}: ${name}`),
    );
    expect(found).toEqual([]);
  });

  test.each([
    ["an assertion", "const id = text as UserId;", ["UserId"]],
    ["two assertions", "const id = text as unknown as TenantId;", ["TenantId"]],
    ["an assertion of a list", "const ids = texts as readonly DeviceId[];", ["DeviceId"]],
    [
      "an assertion of an object",
      "const row = json as { id: ConversationId };",
      ["ConversationId"],
    ],
    ["a type guard", "const isUser = (text: string): text is UserId => true;", ["UserId"]],
    ["a parameter's type", "const of = (id: UserId) => id;", []],
    ["a constant object", "const row = { id: newId<UserId>() } as const;", []],
  ])("the search for assertions judges %s rightly", (_what, source, found) => {
    expect(assertedIds(source)).toEqual(found);
  });
});
