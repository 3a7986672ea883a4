import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The built command, as it is installed: `npm run build` comes before these tests.
const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

let home: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-cli-"));
  await chmod(folder, 0o755);
  home = join(folder, "home");
});
afterAll(() => rm(join(home, ".."), { recursive: true, force: true }));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Result>;
  /** Resolves when standard output matches; rejects when the program ends first. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
}

function sealdesk(
  args: readonly string[],
  input = "",
  environment: object = {},
  // Away from the repository, where a .env might be.
  cwd = tmpdir(),
): Running {
  const child = spawn(process.execPath, [command, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], SEALDESK_HOME: home, PORT: "0", ...environment },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  const finished = new Promise<Result>((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
  const seen = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(out);
        if (match !== null) resolve(match);
      };
      child.stdout.on("data", look);
      look();
      void finished.then(() => reject(new Error(`ended without ${pattern}: ${out}${err}`)));
    });
  return { process: child, finished, seen };
}
const run = (args: readonly string[], input?: string, environment?: object) =>
  sealdesk(args, input, environment).finished;

const createUser = (name: string) =>
  run(
    ["user", "create", "--tenant", "acme", "--username", name, "--role", "agent"],
    "a long enough password\n",
  );
const isRunning = () => existsSync(join(home, "postgres", "postmaster.pid"));

test("says its version, and a mistake in one sentence", async () => {
  const version = await run(["--version"]);
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  const mistake = await run(["tenant", "create", "--slug", "Not A Slug", "--name", "x"]);
  expect([mistake.code, mistake.out]).toEqual([1, ""]);
  expect(mistake.err.trim().split("\n")).toHaveLength(1);
});

test("a wrong configuration stops the start with a sentence that names the variable", async () => {
  const wrong = await run(["start"], "", { PORT: "eighty" });
  expect([wrong.code, wrong.err]).toEqual([1, "PORT must be a number from 0 to 65535.\n"]);
  const production = await run(["start"], "", { NODE_ENV: "production" });
  expect([production.code, production.err]).toEqual([
    1,
    expect.stringMatching(/^DATABASE_URL must be set in production.*\.\n$/),
  ]);
});

test("works on the embedded database before, while and after a server runs on it", async () => {
  expect((await createUser("early")).err).toMatch(/Run sealdesk migrate first/);
  expect(await run(["migrate"])).toMatchObject({ code: 0, err: "" });
  const tenant = await run(["tenant", "create", "--slug", "acme", "--name", "Acme"]);
  expect(tenant).toMatchObject({ code: 0, err: "" });
  expect(await createUser("before")).toMatchObject({ code: 0 });
  expect(isRunning()).toBe(false);

  const server = sealdesk(["start"]);
  const [, url = ""] = await server.seen(/at (http:\S+),/);
  const [, password = ""] = await server.seen(/alex +agent +(\S+)\n/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await createUser("while")).toMatchObject({ code: 0 });
  expect((await createUser("while")).err).toMatch(/^That user name is taken/);
  const second = await run(["start"]);
  expect([second.code, second.err]).toEqual([1, expect.stringMatching(/^SEALDESK_HOME is in use/)]);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const token = await run([
    "customer-token",
    "--tenant",
    "demo",
    "--subject",
    "x",
    "--audience",
    url,
  ]);
  expect(token.out.split(".")).toHaveLength(3);

  const rotated = await run(["keys", "rotate", "--name", "tokens"]);
  expect(rotated).toEqual({ code: 0, err: "", out: "Rotated tokens: version 2 is in use.\n" });
  expect(await run(["keys", "rewrap"])).toMatchObject({ code: 0, err: "" });
  const { out: status } = await run(["keys", "status"]);
  expect(status).toMatch(/^tokens +v2 +wrapped by local v2 .* active$/m);
  expect(status).toMatch(/^tokens +v1 .* verifies until /m);
  expect((await run(["keys", "rotate", "--name", "else"])).code).toBe(1);

  server.process.kill("SIGTERM");
  expect(await server.finished).toMatchObject({ code: 0, err: "" });
  expect(isRunning()).toBe(false);
  expect(await createUser("after")).toMatchObject({ code: 0 });

  const again = sealdesk(["start"]);
  expect((await again.seen(/alex +agent +(\S+)\n/))[1]).toBe(password);
  again.process.kill("SIGINT");
  expect(await again.finished).toMatchObject({ code: 0 });
  expect(isRunning()).toBe(false);
}, 180_000);

test("secret files are readable by this user alone, and a password is no argument", async () => {
  for (const name of [
    "keyring.json",
    "development/customer-key.json",
    "development/passwords.json",
  ])
    expect([name, (await stat(join(home, name))).mode & 0o777]).toEqual([name, 0o600]);
  const user = ["user", "create", "--tenant", "acme", "--username", "x", "--role", "agent"];
  const argument = await run([...user, "--password=on the command line"]);
  expect([argument.code, argument.err]).toEqual([1, expect.stringContaining("unknown option")]);
  const key = JSON.parse(
    await readFile(join(home, "development/customer-key.json"), "utf8"),
  ) as object;
  expect(key).toMatchObject({ kty: "OKP", crv: "Ed25519" });
});

test.each([["start"], ["migrate"]])(
  "a misspelt name in .env ends `sealdesk %s` with a sentence that names the right one",
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), "sealdesk-env-"));
    await writeFile(join(folder, ".env"), "\uFEFFDATABSE_URL=postgresql://nobody@127.0.0.1/none\n");
    const { code, err } = await sealdesk([name], "", {}, folder).finished;
    await rm(folder, { recursive: true });
    expect(code).toBe(1);
    expect(err).toContain("DATABSE_URL in .env is not a variable that Sealdesk knows.");
    expect(err).toContain("Did you mean DATABASE_URL?");
  },
);
