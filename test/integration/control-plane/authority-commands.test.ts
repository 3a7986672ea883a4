/** `sealdesk authority`, as it is installed: the server's authority hands over to a process of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { staffDevice } from "../../support/device.ts";
import { runSealdesk, runSealdeskAlone } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
const secret = "a secret of the test".replaceAll(" ", "-").padEnd(40, "x");

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await startTestServer();
  home = await mkdtemp(join(tmpdir(), "sealdesk-authority-"));
});
afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const ofAuthority = (...args: string[]) =>
  runSealdeskAlone(["authority", ...args], { SEALDESK_HOME: home, AUTHORITY_SECRET: secret });
const key = async () => {
  const { out } = await runSealdesk(server, ["authority", "key", "--tenant", server.tenant.slug]);
  return out.trim();
};

/** Runs the process until `work` is done. */
async function whileRunning<T>(work: (url: string) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [command, "authority", "run", "--port", "0"], {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], SEALDESK_HOME: home, AUTHORITY_SECRET: secret },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        const listening = /listening on (\S+)/.exec(chunk.toString())?.[1];
        if (listening !== undefined) resolve(listening);
      });
      void ended.then(() => reject(new Error("the authority ended")));
    });
    return await work(url);
  } finally {
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  }
}

test("the staff list is kept in the authority's own home", async () => {
  const agent = await staffDevice(server);
  const accountKey = agent.accountKey.publicKey.toString("base64url");
  const account = ["--tenant", agent.tenant, "--user", agent.user];
  const added = ["--role", "agent", "--account-key", accountKey, "--team", "night", "claims"];
  expect(await ofAuthority("staff", "add", ...account, ...added)).toMatchObject({ code: 0 });
  const { out } = await ofAuthority("staff", "list");
  expect(out.trim().split("  ")).toEqual([
    agent.tenant,
    agent.user,
    "agent",
    accountKey,
    "claims",
    "night",
  ]);
  expect(await ofAuthority("staff", "remove", ...account)).toMatchObject({ code: 0 });
  expect(await ofAuthority("staff", "remove", ...account)).toMatchObject({ code: 1 });
  const wrong = ["--role", "agent", "--account-key", "nonsense"];
  expect(await ofAuthority("staff", "add", ...account, ...wrong)).toMatchObject({
    code: 1,
    err: "--account-key must be the key that the person's device shows.\n",
  });
});

test("the server's authority hands over to a new key, and then to a process of its own", async () => {
  const agent = await staffDevice(server);
  const first = await key();
  const rotate = ["authority", "rotate", "--tenant", server.tenant.slug];
  const { out, code } = await runSealdesk(server, rotate);
  expect(code).toBe(0);
  const second = await key();
  expect(out).toContain(second);
  expect(second).not.toBe(first);

  const accountKey = agent.accountKey.publicKey.toString("base64url");
  const account = ["--tenant", agent.tenant, "--user", agent.user];
  await ofAuthority("staff", "add", ...account, "--role", "agent", "--account-key", accountKey);
  const handOver = () =>
    whileRunning((url) =>
      runSealdeskAlone(rotate, {
        SEALDESK_HOME: server.home,
        DATABASE_OWNER_URL: server.database.ownerUrl,
        AUTHORITY_URL: url,
        AUTHORITY_SECRET: secret,
      }),
    );
  const follow = `--tenant ${agent.tenant} --former-key ${second}`;
  expect(await handOver()).toMatchObject({ code: 1, err: expect.stringContaining(follow) });
  expect(await key()).toBe(second);
  expect(await ofAuthority("follow", ...follow.split(" "))).toMatchObject({ code: 0 });
  const wrong = ["--tenant", agent.tenant, "--former-key", "nonsense"];
  expect(await ofAuthority("follow", ...wrong)).toMatchObject({ code: 1 });
  const handedOver = await handOver();
  expect(handedOver).toMatchObject({ code: 0, err: "" });
  expect(handedOver.out).toContain("It certified 1 accounts");
  const { body } = await agent.request("GET", `/v1/users/${agent.user}/devices`);
  const text = Buffer.from(body.staffCertificate.text, "base64url").toString();
  expect(JSON.parse(text)).toMatchObject({ user: agent.user, role: "agent" });
});
