import { existsSync } from "node:fs";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFreshClone, type FreshClone } from "../support/fresh-clone.ts";
import { until } from "../support/until.ts";

/** What client/README.md shows: an agent and a customer, each with a device of its own. */
const conversation = `
  import { Sealdesk } from "@sealdesk/client";
  import { openStore, webSocket } from "@sealdesk/client/node";
  import { signalSuite } from "@sealdesk/suite-signal";
  const [url, password, token] = process.argv.slice(2);
  const connect = async (name, credentials) =>
    Sealdesk.connect({
      url,
      credentials: { tenant: "demo", ...credentials },
      suite: signalSuite({ maxMessages: 100, maxAgeMs: 3_600_000 }),
      store: await openStore("./device-of-" + name, new Uint8Array(32)),
      webSocket,
    });
  const agent = await connect("alex", { grant: "password", username: "alex", password });
  const customer = await connect("maya", { grant: "customer_token", token: async () => token });
  agent.on("conversation", async ({ id }) => {
    for await (const item of agent.conversation(id).messages())
      if (item.kind === "message" && !item.mine)
        await agent.conversation(id).send("You said: " + item.text);
  });
  const asked = await customer.openConversation({ with: [agent.user.id] });
  await asked.send("Where is my claim?");
  for await (const item of asked.messages())
    if (item.kind === "message" && !item.mine) {
      console.log(item.text);
      process.exit();
    }
`;

let clone: FreshClone;
beforeAll(async () => {
  clone = await makeFreshClone({ PORT: "0" });
}, 120_000);
afterAll(() => clone?.remove());

// One test, because each step needs the one before.
test("a newcomer without compiler, make and Python gets from npm ci to an answered message", async () => {
  await clone.run("npm", "ci", "--no-audit", "--no-fund");
  expect(existsSync(join(clone.folder, "node_modules/pkcs11js"))).toBe(false);

  const server = clone.start("npm", "start");
  let output = "";
  for (const stream of [server.stdout, server.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(server, "close");
  try {
    await until(() => {
      if (server.exitCode !== null) throw new Error(`npm start ended: ${output}`);
      return output.includes("For a customer:");
    });
    const [, url = ""] = /Sealdesk is at (\S+),/.exec(output) ?? [];
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const [, password = ""] = /alex +agent +(\S+)/.exec(output) ?? [];
    const [, command = ""] = /For a customer: npx (.*)/.exec(output) ?? [];
    const token = await clone.run("npx", ...command.replace("NAME", "maya").split(" "));

    await writeFile(join(clone.folder, "conversation.mjs"), conversation);
    const said = await clone.run("node", "conversation.mjs", url, password, token.trim());
    expect(said).toBe("You said: Where is my claim?\n");
  } finally {
    // Ctrl-C in a terminal sends the signal to the whole group.
    if (server.pid !== undefined) process.kill(-server.pid, "SIGINT");
    await ended;
  }
  expect(existsSync(join(clone.folder, ".sealdesk/postgres/postmaster.pid"))).toBe(false);

  const hsm = { SEALDESK_KMS: "pkcs11", SEALDESK_PKCS11_LIBRARY: "x", SEALDESK_PKCS11_TOKEN: "x" };
  const settings = Object.entries({ ...hsm, SEALDESK_PKCS11_PIN: "x" }).map((pair) =>
    pair.join("="),
  );
  await expect(clone.run("env", ...settings, "node", "dist/server/main.js")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^SEALDESK_KMS is pkcs11, but the package pkcs11js is not installed\./,
    ),
  });
}, 1_800_000);
