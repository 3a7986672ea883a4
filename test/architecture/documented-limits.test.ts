import { readFileSync } from "node:fs";
import { wireLimits } from "../../crypto/wire/frame.ts";
import { MAX_LINK_REQUESTS } from "../../identity/linking/link-request.ts";
import { readVariables } from "../../keys/environment/variables.ts";
import { MAX_MEMBER_DEVICES, MAX_MEMBERS } from "../../policies/conversation-limits.ts";
import { tenantLimits } from "../../policies/tenant-limits.ts";
import type { ShareLimits } from "../../policies/fair-shares.ts";
import {
  bodyLimits,
  connectionLimits,
  heldBytesLimits,
  memoryLimits,
  relayLimits,
  requestLimits,
  shareLimits,
} from "../../server/limits.ts";

const variables = readVariables({});
const protocol = readFileSync("docs/protocol.md", "utf8");
const operations = readFileSync("docs/operations.md", "utf8");

const count = (value: number): string => value.toLocaleString("en-US");
const seconds = (ms: number): string => `${count(ms / 1000)} s`;
const bytes = (value: number): string =>
  value % 2 ** 20 === 0 ? `${count(value / 2 ** 20)} MiB` : `${count(value / 2 ** 10)} KiB`;

/** A limit that operators set: how many at once, and how many then. */
function set(
  name: keyof typeof variables,
  unit: (value: number) => string = count,
): [atOnce: string, perSecond: string] {
  const value: unknown = variables[name];
  const named = (atOnce: number) => `${unit(atOnce)} (\`${name}\`)`;
  if (typeof value === "number") return [named(value), ""];
  const rate = value as { burst: number; perSecond?: number; secondsPerFurther?: number };
  if (rate.perSecond !== undefined) return [named(rate.burst), unit(rate.perSecond)];
  return [named(rate.burst), `1 in ${count(rate.secondsPerFurther ?? Number.NaN)} s`];
}

/** The first `columns` cells of each row of the table under a heading. */
function tableUnder(heading: string, page: string, columns: number): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, columns + 1)
      .map((cell) => cell.trim()),
  );
}

test("docs/protocol.md has the limits of the code", () => {
  const { ephemeral, ...relay } = relayLimits;
  expect(tableUnder("Limits", protocol, 3)).toEqual([
    ["messages of a customer's device", ...set("MESSAGE_LIMIT")],
    ["messages of a staff device", ...set("STAFF_MESSAGE_LIMIT")],
    ["messages of an account", ...set("ACCOUNT_MESSAGE_LIMIT")],
    ["messages of a tenant", ...set("TENANT_MESSAGE_LIMIT")],
    ["activity and presence of a socket", count(ephemeral.burst), count(ephemeral.perSecond)],
    ["unanswered messages of a socket", count(relay.unanswered), ""],
    ["failed sign-ins of a network", ...set("SIGN_IN_NETWORK_LIMIT")],
    ["failed sign-ins of an account", ...set("SIGN_IN_ACCOUNT_LIMIT")],
    ["sessions of an account in a network", ...set("SESSION_LIMIT")],
    ["devices added to an account", ...set("REGISTRATION_LIMIT")],
    ["registrations of a device key", ...set("REGISTRATION_LIMIT")],
    ["link requests of a device key", ...set("LINK_LIMIT")],
    ["prekey bundles per account and device", ...set("BUNDLE_LIMIT")],
    ["conversations begun by a customer", ...set("CONVERSATION_LIMIT")],
    ["conversations begun in a tenant", ...set("TENANT_CONVERSATION_LIMIT")],
    ["open conversations a customer began", ...set("OPEN_CONVERSATIONS_PER_CUSTOMER")],
    ["open conversations with one member", ...set("OPEN_CONVERSATIONS_PER_MEMBER")],
    ["devices of a conversation's members", count(MAX_MEMBER_DEVICES), ""],
    ["members of a conversation", count(MAX_MEMBERS), ""],
    ["frame, ciphertext", `${bytes(wireLimits.frame)}, ${bytes(wireLimits.ciphertext)}`, ""],
    ["frames of an account, also pings", ...set("ACCOUNT_FRAME_LIMIT")],
    ["bytes of an account's frames", ...set("ACCOUNT_BYTE_LIMIT", bytes)],
    ["bytes of a tenant's frames", ...set("TENANT_BYTE_LIMIT", bytes)],
    [
      "`hello`, conversations of an `ack`",
      `${bytes(wireLimits.hello)}, ${count(wireLimits.cursors)}`,
      "",
    ],
    ["fragments of a message", count(relay.fragments), ""],
    ["time for headers", seconds(requestLimits.headersMs), ""],
    ["a body over HTTP, and its time", "as `x-body-limit` says", ""],
    ["incomplete bodies of an account", bytes(heldBytesLimits.account), ""],
    [
      "incomplete bodies of a network",
      `${bytes(heldBytesLimits.network)}, before authentication`,
      "",
    ],
    [
      "connections begun over HTTP, per user",
      `${count(shareLimits.untakenConnections.account)} unused`,
      "",
    ],
    [
      "unacknowledged deliveries, buffer",
      `${count(relay.unacknowledged)}, ${bytes(relay.bufferedBytes)}`,
      "",
    ],
  ]);
});

test("docs/protocol.md has the limits of JSON", () => {
  const { jsonDepth, jsonValues } = requestLimits;
  expect(protocol).toContain(
    `JSON has at most ${count(jsonValues)} values and ${count(jsonDepth)} levels.`,
  );
});

test("docs/protocol.md has the limits of bodies with frames", () => {
  const text = protocol.replaceAll("\n", " ");
  expect(text).toContain(`A body has at most ${bytes(bodyLimits.relayBatch.bytes)} and`);
  expect(text).toContain(`The body with \`hello\` has at most ${bytes(wireLimits.hello)}.`);
});

test("docs/operations.md has the limits of strangers", () => {
  const { network, site, strangers, account, tenant, node } = heldBytesLimits;
  const { waitingSockets, http } = connectionLimits;
  expect(tableUnder("Limit what strangers cost", operations, 2)).toEqual([
    [
      "body of one request",
      `${bytes(bodyLimits.small.bytes)} on most routes, see \`x-body-limit\` in OpenAPI`,
    ],
    ["bodies and hellos that are not complete, of one network", bytes(network)],
    ["the same, of one site", bytes(site)],
    ["the same, of all senders who have not authenticated", bytes(strangers)],
    [
      "bodies that are not complete, of an account or a tenant",
      `${bytes(account)}, ${bytes(tenant)}`,
    ],
    ["the same, of everybody", bytes(node)],
    [
      "connections of one network, of all: without a WebSocket",
      `${count(http.perNetwork)}, ${count(http.perNode)}`,
    ],
    [
      "sockets without `hello` of one network, of all",
      `${count(waitingSockets.perNetwork)}, ${count(waitingSockets.perNode)}`,
    ],
    ["requests of one connection that are not answered", count(requestLimits.unanswered)],
    [
      "headers: size and time",
      `${bytes(requestLimits.headerBytes)}, ${seconds(requestLimits.headersMs)}`,
    ],
  ]);
});

test("docs/operations.md has how many sessions and link requests are stored", () => {
  const stored = (what: string) =>
    tableUnder("Limits of storage", operations, 4)
      .filter(([name]) => name === what)
      .map(([, , most, setting]) => [most, setting]);
  const rate = (name: keyof typeof variables): [rate: string, setting: string] => {
    const { burst, secondsPerFurther } = variables[name] as {
      readonly burst: number;
      readonly secondsPerFurther: number;
    };
    return [
      `${count(burst)} at once, then 1 in ${seconds(secondsPerFurther * 1000)}`,
      `\`${name}\``,
    ];
  };
  const [requests, setting] = rate("LINK_LIMIT");
  expect(stored("sessions")).toEqual([rate("SESSION_LIMIT")]);
  expect(stored("link requests")).toEqual([
    [`${count(MAX_LINK_REQUESTS)}; requests: ${requests}`, setting],
  ]);
});

test("docs/operations.md has what tenants and accounts may have at the same time", () => {
  const shares = ({ node, tenant, account }: ShareLimits, unit = count) =>
    [node, tenant, account].map(unit);
  const fairly = (node: number) => [count(node), "its fair part", "as its tenant"];
  const rows = tableUnder("Fair use of a node", operations, 4);
  const { lingering, lingerMs } = relayLimits;
  for (const row of [
    ["requests in flight", ...shares(shareLimits.requests)],
    ["welcomed relay connections", ...shares(shareLimits.relayConnections)],
    ["connections over HTTP that nobody takes from", ...shares(shareLimits.untakenConnections)],
    ["bytes of their hellos", ...shares(shareLimits.untakenBytes, bytes)],
    ["followers of the audit log", ...shares(shareLimits.auditFollowers)],
    ["buckets of message limits", ...fairly(memoryLimits.messageBuckets)],
    [`reasons of closed connections over HTTP, for ${seconds(lingerMs)}`, ...fairly(lingering)],
  ])
    expect(rows).toContainEqual(row);
});

test("the limits of tenants are those of the database, and docs/operations.md names each", () => {
  const schema = readFileSync("db/schema.sql", "utf8");
  const table = schema.split("\ntable sealdesk.tenants (\n")[1]?.split("\ntable ")[0] ?? "";
  for (const [name, limit] of Object.entries(tenantLimits)) {
    const column = table.split("\n").find((line) => line.trim().startsWith(`${name} `)) ?? "";
    const first = /default '?(\d+)/.exec(column)?.[1];
    const standard = limit.kind === "stored" ? String(limit.standard) : undefined;
    expect([name, column !== "", first]).toEqual([name, true, standard]);
    expect(operations).toContain(`\`${name}\``);
  }
});
