import { z } from "zod";
import { cefHeader, cefLineOf, cefValue } from "../../../audit/export/cef.ts";
import { ocsfEventOf } from "../../../audit/export/ocsf.ts";
import { sampleEntries } from "../../support/audit-entries.ts";

const origin = "audit.example/t/demo";
type Name = keyof typeof sampleEntries;
const names = Object.keys(sampleEntries) as Name[];
const ocsf = (name: Name): unknown =>
  JSON.parse(JSON.stringify(ocsfEventOf(sampleEntries[name], 7, origin)));

// The required attributes, enumerations and constraints of OCSF 1.4. Anything that it does not name
// is refused.
const user = z.strictObject({
  uid: z.string().min(1),
  type: z.string().optional(),
  type_id: z.union([0, 1, 2, 3, 4, 99].map((id) => z.literal(id))).optional(),
});
const endpoint = z
  .strictObject({ uid: z.string().optional(), name: z.string().optional() })
  .refine(({ uid, name }) => uid !== undefined || name !== undefined);
const base = {
  activity_name: z.string().optional(),
  type_uid: z.int(),
  severity_id: z.int().min(0).max(6),
  time: z.int().positive(),
  status_id: z.union([z.literal(1), z.literal(2)]),
  status: z.enum(["Success", "Failure"]),
  status_code: z.string().optional(),
  message: z.string(),
  metadata: z.strictObject({
    version: z.literal("1.4.0"),
    product: z.strictObject({ name: z.string(), vendor_name: z.string() }),
    uid: z.uuid(),
    sequence: z.int(),
    log_name: z.string(),
    tenant_uid: z.uuid(),
    correlation_uid: z.string().optional(),
  }),
  actor: z.strictObject({ user, session: z.strictObject({ uid: z.string() }).optional() }),
  src_endpoint: endpoint,
  unmapped: z.record(z.string(), z.unknown()),
};
const activities = (...ids: number[]) => z.literal([0, ...ids, 99]);
const event = z
  .discriminatedUnion("class_uid", [
    z.strictObject({
      ...base,
      class_uid: z.literal(3001),
      category_uid: z.literal(3),
      activity_id: activities(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
      user,
    }),
    z.strictObject({
      ...base,
      class_uid: z.literal(3002),
      category_uid: z.literal(3),
      activity_id: activities(1, 2, 3, 4, 5, 6, 7),
      user,
      service: z.strictObject({ name: z.string() }),
    }),
    z.strictObject({
      ...base,
      class_uid: z.literal(3005),
      category_uid: z.literal(3),
      activity_id: activities(1, 2),
      user,
      privileges: z.array(z.string()).min(1),
      resource: z.strictObject({ type: z.string(), uid: z.string() }),
    }),
    z.strictObject({
      ...base,
      class_uid: z.literal(3006),
      category_uid: z.literal(3),
      activity_id: activities(1, 2, 3, 4),
      group: z.strictObject({ type: z.string(), uid: z.string() }),
      user,
    }),
    z.strictObject({
      ...base,
      class_uid: z.literal(6003),
      category_uid: z.literal(6),
      activity_id: activities(1, 2, 3, 4),
      api: z.strictObject({ operation: z.string() }),
      resources: z.array(z.strictObject({ type: z.string(), uid: z.string() })),
      dst_endpoint: endpoint,
    }),
    z.strictObject({
      ...base,
      class_uid: z.literal(6005),
      category_uid: z.literal(6),
      activity_id: activities(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
      database: z.strictObject({ name: z.string(), type_id: z.literal(1) }),
      table: z.strictObject({ name: z.string(), uid: z.string() }),
      dst_endpoint: endpoint,
    }),
  ])
  .refine(
    ({ type_uid, class_uid, activity_id }) => type_uid === class_uid * 100 + activity_id,
    "type_uid",
  )
  .refine(({ activity_id, activity_name }) => activity_id !== 99 || activity_name !== undefined);

describe("OCSF", () => {
  test.each(names)("%s has what its class requires and nothing else", (name) => {
    expect(event.safeParse(ocsf(name)).error).toBeUndefined();
  });

  test.each([
    ["signIn", 300_201],
    ["signOut", 300_202],
    ["account", 300_101],
    ["read", 600_501],
    ["list", 600_508],
    ["create", 600_301],
    ["remove", 300_604],
    ["grant", 300_501],
    ["update", 300_603],
  ] as const)("%s is of type %d", (name, type) => {
    expect(ocsf(name)).toMatchObject({ type_uid: type, status_id: 1, severity_id: 1 });
  });

  test("a refusal has all fields of the event", () => {
    const { actor, resource, subject, eventId, tenant, requestId, session } = sampleEntries.refused;
    expect(ocsf("refused")).toEqual({
      class_uid: 6005,
      category_uid: 6,
      activity_id: 1,
      type_uid: 600_501,
      severity_id: 3,
      time: 1_700_000_000_123,
      status_id: 2,
      status: "Failure",
      status_code: "not_a_member",
      message: "conversation.read",
      metadata: {
        version: "1.4.0",
        product: { name: "Sealdesk", vendor_name: "Sealdesk" },
        uid: eventId,
        sequence: 7,
        log_name: origin,
        tenant_uid: tenant,
        correlation_uid: requestId,
      },
      actor: { user: { uid: actor.id, type_id: 1, type: "agent" }, session: { uid: session } },
      src_endpoint: { uid: actor.device },
      database: { name: origin, type_id: 1 },
      table: { name: "conversation", uid: resource.id },
      dst_endpoint: { name: origin },
      unmapped: {
        resource,
        subject,
        decision: { allowed: false, reasons: ["not_a_member"] },
        method: "password",
      },
    });
  });
});

/** Reads a line back as a SIEM does. It implements the escapes independently. */
function readCef(line: string) {
  const fields: string[] = [""];
  let at = 0;
  for (; fields.length < 8; at++) {
    const character = line[at];
    if (character === undefined) throw new Error("The header has too few fields.");
    if (character === "\\") fields.push(`${fields.pop() ?? ""}${line[++at] ?? ""}`);
    else if (character === "|") fields.push("");
    else fields.push(`${fields.pop() ?? ""}${character}`);
  }
  const extension = line.slice(at);
  const starts = [...extension.matchAll(/(?:^| )([A-Za-z0-9_]+)=/g)];
  const pairs = starts.map((start, index) => {
    const value = extension.slice(start.index + start[0].length, starts[index + 1]?.index);
    const read = value.replace(/\\(.)/g, (_, escaped: string) =>
      escaped === "n" ? "\n" : escaped === "r" ? "\r" : escaped,
    );
    return [start[1] ?? "", read] as const;
  });
  return { header: fields.slice(0, 7), extension: Object.fromEntries(pairs) };
}

describe("CEF", () => {
  test.each(names)("%s is one line that reads back", (name) => {
    const line = cefLineOf(sampleEntries[name], 7, origin);
    expect(line).not.toMatch(/[\r\n]/);
    const { header, extension } = readCef(line);
    expect(header.slice(0, 5)).toEqual([
      "CEF:0",
      "Sealdesk",
      "Sealdesk",
      "1",
      sampleEntries[name].action,
    ]);
    expect(Number(header[6])).toBeLessThanOrEqual(10);
    expect(extension).toMatchObject({ cn1: "7", suid: sampleEntries[name].actor.id });
  });

  test("a refusal has all fields of the line", () => {
    expect(cefLineOf(sampleEntries.refused, 7, origin)).toBe(
      "CEF:0|Sealdesk|Sealdesk|1|conversation.read|conversation.read refused|6|" +
        "rt=1700000000123 externalId=0198f0c2-0000-7000-8000-0000000000e0 cat=R " +
        "act=conversation.read outcome=refused reason=not_a_member " +
        "suid=0198f0c2-0000-7000-8000-00000000000a spriv=agent " +
        "duid=0198f0c2-0000-7000-8000-00000000000c dvchost=audit.example/t/demo " +
        "cn1=7 cn1Label=index cs1=conversation cs1Label=resourceType " +
        "cs2=0198f0c2-0000-7000-8000-0000000000cc cs2Label=resource " +
        "cs3=0198f0c2-0000-7000-8000-00000000000d cs3Label=device " +
        "cs4=0198f0c2-0000-7000-8000-00000000005e cs4Label=session " +
        "cs5=0198f0c2-0000-7000-8000-000000000123 cs5Label=request " +
        "cs6=0198f0c2-0000-7000-8000-000000000001 cs6Label=tenant " +
        "flexString1=password flexString1Label=method " +
        'flexString2={"allowed":false,"reasons":["not_a_member"]} flexString2Label=decision',
    );
  });

  test.each([
    ["one long detail", { heads: "=".repeat(600), seq: 4 }, { seq: 4, omittedDetails: 1 }],
    [
      "many short details",
      Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`d${at}`, at])),
      { d0: 0 },
    ],
    ["letters of several bytes", { text: "ä".repeat(600) }, { omittedDetails: 1 }],
    ["just enough", { text: "x".repeat(1_012) }, { text: "x".repeat(1_012) }],
  ])("a message has at most 1,023 bytes and is whole JSON: %s", (_, details, expected) => {
    const line = cefLineOf({ ...sampleEntries.create, details }, 7, origin);
    const written = line.slice(line.indexOf(" msg=") + 5);
    expect(Buffer.byteLength(written)).toBeLessThanOrEqual(1_023);
    const read = JSON.parse(readCef(line).extension["msg"] ?? "") as object;
    expect(read).toMatchObject(expected);
    const omitted = "omittedDetails" in read ? Number(read.omittedDetails) + 1 : 0;
    expect(Object.keys(read).length + omitted - (omitted > 0 ? 2 : 0)).toBe(
      Object.keys(details).length,
    );
  });

  test("text that would forge a field or a line is escaped", () => {
    const forged = "a|b\\c=d\nsuid=somebody";
    expect(cefHeader(forged)).toBe("a\\|b\\\\c=d suid=somebody");
    expect(cefValue(forged)).toBe("a|b\\\\c\\=d\\nsuid\\=somebody");
    const entry = {
      ...sampleEntries.failed,
      reason: forged,
      resource: { type: "x|y", id: "p\\" },
    };
    const { extension } = readCef(cefLineOf(entry, 7, origin));
    expect(extension).toMatchObject({
      reason: forged,
      cs1: "x|y",
      cs2: "p\\",
      suid: entry.actor.id,
    });
  });
});
