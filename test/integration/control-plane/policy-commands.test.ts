import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { customerDevice, staffDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "sealdesk-policy-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `sealdesk policy`. @returns what it prints */
async function policy(...words: string[]): Promise<string> {
  const { out, err } = await runSealdesk(server, [
    "policy",
    ...words,
    "--tenant",
    server.tenant.slug,
  ]);
  return out + err;
}

test("an operator drafts a version, another one approves it, and the table and explanations follow", async () => {
  const [customer, agent, supervisor] = [
    await customerDevice(server),
    await staffDevice(server),
    await staffDevice(server, "supervisor"),
  ];
  const resource = `conversation:${await createConversation(customer, [agent])}`;
  const file = join(folder, "changes.json");
  const rule = {
    id: "local.close",
    narrows: "conversation.close",
    actions: ["close"],
    roles: ["supervisor"],
    conditions: {},
    means: "A supervisor who is a member closes an open conversation.",
  };
  await writeFile(file, JSON.stringify({ off: ["conversation.close"], add: [rule] }));

  expect(await policy("explain", agent.user, "close", resource)).toContain(
    "Yes, by the rule conversation.close of version 0 of the policy.",
  );
  expect(await policy("who-can", "close", resource)).toContain(
    `${agent.user}  agent  conversation.close\n`,
  );
  expect(await policy("draft", file)).toContain("Say why with --because");
  const drafted = await policy("draft", file, "--as", "ann", "--because", "supervisors close");
  const [, hash = ""] = /hash is ([0-9a-f]{64})\./.exec(drafted) ?? [];
  expect(await policy("preview", "1", "--names")).toMatch(
    new RegExp(`lost: conversation close, agent, 1 accounts\\n[^]*${agent.user}  agent  "agent-`),
  );
  expect(await policy("approve", "1", "--hash", hash, "--as", "ann")).toContain(
    "Another person must approve",
  );
  expect(await policy("approve", "1", "--hash", hash, "--as", "ben")).toContain(
    "Version 1 takes effect",
  );
  const refused = await policy("explain", agent.user, "close", resource);
  expect(refused).toContain("No, by version 1 of the policy: role_agent.");
  expect(refused).toContain("local.close: it is not for the role agent");
  expect(await policy("explain", agent.user, "close", resource, "--at", "2026-01-31")).toContain(
    "of version 0",
  );
  const explained = JSON.parse(
    await policy("explain", supervisor.user, "close", resource, "--json"),
  ) as object;
  expect(explained).toMatchObject({
    decision: { allowed: false },
    version: 1,
    rules: [
      { rule: "conversation.close_own", role: false },
      {
        rule: "local.close",
        role: true,
        conditions: [
          { fact: "members", wanted: "$actor.user", holds: false },
          { fact: "state", holds: true },
          { fact: "membersByBreakGlass", holds: true },
        ],
      },
    ],
  });
  const holders = await policy("who-can", "close", resource);
  expect(holders).toContain(`${customer.user}  customer  conversation.close_own`);
  expect(holders).not.toContain(`${agent.user} `);
  expect(await policy("table")).toContain("[local.close]");
  expect(await policy("table", "--of-version", "0")).toContain("[conversation.close]\n");

  expect(await policy("list")).toContain(
    'proposed by operator:ann  approved by operator:ben  "supervisors close"',
  );
  expect(JSON.parse(await policy("show", "1"))).toMatchObject({ hash, changes: { add: [rule] } });
  expect(await policy("withdraw", "1")).toContain("or took effect");
  await policy("draft", "--restore", "0", "--because", "reversed");
  expect(await policy("withdraw", "2")).toContain("Version 2 is withdrawn.");
});

test("questions that make no sense are refused", async () => {
  const { id } = await server.createStaff("auditor");
  for (const words of [
    [id, "fly", "audit_log"],
    [id, "read", "__proto__"],
    [id, "read", "audit_log:1"],
    [id, "close", "conversation"],
    [id, "receive", "relay:1"],
  ])
    expect(await policy("explain", ...words)).toContain(
      "sealdesk policy table lists what there is",
    );
});
