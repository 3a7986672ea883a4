import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { jest } from "@jest/globals";
import { SealdeskError } from "../../client/errors.ts";
import type { Sealdesk } from "../../client/index.ts";
import { connectCustomer, readTexts } from "../support/member.ts";
import { until } from "../support/until.ts";
import { startTestServer } from "../support/server.ts";

const run = promisify(execFile);

/** Where the packages' names lead in this repository. */
const sources: Readonly<Record<string, string>> = {
  "@sealdesk/client/node": "client/index.node.ts",
  "@sealdesk/client": "client/index.ts",
  "@sealdesk/suite-signal": "crypto/device/suites/signal/index.ts",
};

async function snippets(): Promise<string[]> {
  const pages = ["client/README.md", "docs/customer-sign-in.md"];
  const texts = await Promise.all(pages.map((page) => readFile(page, "utf8")));
  return Array.from(texts.join("\n").matchAll(/```ts\n([\s\S]*?)```/g), ([, code = ""]) => {
    let local = code;
    for (const [name, path] of Object.entries(sources))
      local = local.replaceAll(`"${name}"`, `"../../${path}"`);
    return local;
  });
}

describe("the snippets of the client's README and of the page on customers", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(resolve("test/.readme-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("compile", async () => {
    const code = await snippets();
    expect(code.length).toBe(8);
    for (const [index, text] of code.entries()) await writeFile(join(folder, `${index}.ts`), text);
    const options = { composite: false, incremental: false, noEmit: true, types: ["node"] };
    const config = { extends: "../../tsconfig.portable.json", compilerOptions: options };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    await run("npx", ["tsc", "-p", folder]);
  }, 300_000);

  test("run: the agent answers", async () => {
    const server = await startTestServer();
    const { id, tenant, username, password } = await server.createStaff("agent");
    const [code = ""] = await snippets();
    const runnable = code
      .replace("http://127.0.0.1:8080", server.url)
      .replace('tenant: "demo"', `tenant: "${tenant}"`)
      .replace('username: "agent"', `username: "${username}"`)
      .replace("correct horse battery staple", password)
      .replace("./agent-device", join(folder, "agent-device"));
    const file = join(folder, "agent.ts");
    await writeFile(file, `${runnable}\nexport { sealdesk };\n`);
    const { sealdesk } = (await import(file)) as { readonly sealdesk: Sealdesk };

    const customer = await connectCustomer(server);
    const conversation = await customer.sealdesk.openConversation({ with: [id] });
    await conversation.send("Is anybody there?");

    expect(await readTexts(conversation, 2)).toEqual([
      "Is anybody there?",
      "You said: Is anybody there?",
    ]);
    const closed = new SealdeskError("conversation_closed", "The conversation is closed.");
    const reported = jest.spyOn(console, "error").mockImplementation(() => undefined);
    const another = await customer.sealdesk.openConversation({ with: [id] });
    await until(() => sealdesk.conversation(another.id) !== undefined);
    jest.spyOn(sealdesk.conversation(another.id)!, "send").mockRejectedValue(closed);
    await another.send("Bye");
    // Without a report, the rejection would be unhandled, and fail the test.
    await until(() => reported.mock.calls.length > 0);
    expect(reported).toHaveBeenCalledWith(closed);
    jest.restoreAllMocks();

    // The customer may have the answer before the agent is told that it is in the log.
    while ((sealdesk.conversation(conversation.id)?.seq ?? 0) < conversation.seq)
      await new Promise((done) => setTimeout(done, 10));
    await Promise.all([customer.sealdesk.close(), sealdesk.close()]);
    await server.close();
  });
});
