import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv, stripVTControlCharacters } from "node:util";
import { freePort } from "../../tools/testkit/server-process.ts";
import { onDatabase, startPostgres, type Postgres } from "../support/postgres.ts";
import { spawnServer } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const PASSWORD = "an admin's password that is long";

let postgres: Postgres;
let ownerUrl: string;
let superuserUrl: string;
let folder: string;
let port: number;
beforeAll(async () => {
  port = await freePort();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-setup-"));
  postgres = await startPostgres(15);
  superuserUrl = await postgres.createDatabase("sealdesk");
  await onDatabase(superuserUrl, (client) =>
    client.query(`create role owner_login login createrole password 'owner';
                  grant create on database sealdesk to owner_login`),
  );
  ownerUrl = loginOf("owner_login", "owner");
});
afterEach(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

function loginOf(username: string, password: string): string {
  const url = new URL(superuserUrl);
  [url.username, url.password] = [username, password];
  return url.href;
}

/** Runs a program in the folder of the new server. */
function sealdesk(args: readonly string[], input = "") {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, out, err })),
  );
}

/** Runs `sealdesk setup` at a terminal, and types each answer when it is asked for. */
async function answerAtTerminal(typed: readonly string[]) {
  const line = `'${process.execPath}' '${command}' setup`;
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
  });
  let [out, seen] = ["", 0];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  let isRunning = true;
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  void ended.then(() => (isRunning = false));
  for (const answer of typed) {
    await until(() => !isRunning || stripVTControlCharacters(out.slice(seen)).endsWith(": "));
    seen = out.length;
    child.stdin.write(`${answer}\n`);
  }
  return { code: await ended, out };
}

async function answers(
  environment: Readonly<Record<string, string>>,
  more: object = {},
): Promise<string> {
  await writeFile(join(folder, "key"), "k".repeat(64), { mode: 0o600 });
  const path = join(folder, "answers.json");
  const given = {
    environment: {
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      PORT: String(port),
      SEALDESK_HOME: join(folder, "home"),
      DATABASE_OWNER_URL: ownerUrl,
      SEALDESK_KEYRING_KEY_FILE: join(folder, "key"),
      ...environment,
    },
    tenant: { slug: "example-bank", name: "Example Bank" },
    admin: { username: "mira" },
    ...more,
  };
  await writeFile(path, JSON.stringify(given));
  return path;
}

test("setup makes a server that is ready, and may be repeated after a refusal", async () => {
  // As an editor on Windows writes it.
  await writeFile(join(folder, ".env"), Buffer.from("\uFEFFLOG_LEVEL=warn\r\n", "utf16le"));
  const file = await answers({});
  const weak = await sealdesk(["setup", "--from", file], "short\n");
  expect([weak.code, weak.err]).toEqual([1, "A password has 15 to 256 characters.\n"]);

  const { code, out, err } = await sealdesk(["setup", "--from", file], `${PASSWORD}\n`);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("DATABASE_OWNER_URL: PostgreSQL, with the schema.");
  expect(out).toContain("The tenant example-bank is there already.");
  expect(out).toContain("Created admin mira");
  expect(out).toContain("- Start the server in this folder: npx sealdesk start");
  expect(out + err).not.toContain(PASSWORD);

  const env = join(folder, ".env");
  expect((await stat(env)).mode & 0o777).toBe(0o600);
  const server = spawnServer(join(folder, "home"), { cwd: folder, port });
  try {
    expect(await server.url()).toBe(`http://127.0.0.1:${port}`);
  } finally {
    server.process.kill("SIGTERM");
    expect(await server.ended()).toBe(0);
  }
  // The server's login owns nothing.
  const written = parseEnv(await readFile(env, "utf8"));
  expect(written["LOG_LEVEL"]).toBe("warn");
  const { DATABASE_URL: serverUrl = "" } = written;
  await expect(
    onDatabase(serverUrl, (client) => client.query("set role sealdesk_owner")),
  ).rejects.toMatchObject({ code: "42501" });

  await writeFile(join(folder, "secret"), "of the client");
  const provider = {
    issuer: `http://127.0.0.1:${port}`,
    clientId: "sealdesk",
    secretFile: join(folder, "secret"),
    redirectUris: ["http://127.0.0.1/callback"],
    roles: ["support=agent"],
  };
  const insecure = await answers({}, { identityProvider: provider });
  expect((await sealdesk(["setup", "--from", insecure])).err).toBe(
    "The issuer must be an https URL without a query, as the provider writes it.\n",
  );

  const again = await sealdesk(["setup", "--from", await answers({})]);
  expect([again.code, again.err]).toEqual([0, ""]);
  expect(again.out).toContain("It has an admin already.");
}, 120_000);

test("a person is asked for each answer, and again for one that does not hold", async () => {
  const typed = [
    "ftp://wrong",
    `http://127.0.0.1:${port}`,
    join(folder, "home"),
    ownerUrl.replace(":owner@", ":wrong@"),
    ownerUrl,
    "", // setup makes the server's login
    "local",
    join(folder, "made.key"),
    "Example Bank",
    "Not A Slug",
    "example-bank",
    "mira",
    "", // no identity provider
    PASSWORD,
    PASSWORD,
  ];
  const { code, out } = await answerAtTerminal(typed);
  expect(out).toContain("PUBLIC_URL must be an http or https URL without a query.");
  expect(out).toContain(
    "DATABASE_OWNER_URL holds a user name or password that the database refuses",
  );
  expect(out).toContain(`Made ${join(folder, "made.key")}.`);
  expect(out).toContain("Use small letters, digits and hyphens");
  expect(out).toContain("Created admin mira");
  expect(out).not.toContain(PASSWORD);
  expect(code).toBe(0);
}, 120_000);

test("each wrong answer is refused by the name of its variable, before anything is written", async () => {
  const openKey = join(folder, "open-key");
  await writeFile(openKey, "k".repeat(64), { mode: 0o644 });
  const cases: readonly (readonly [environment: Record<string, string>, sentence: string])[] = [
    [{ PUBLIC_URL: "http://support.example.org" }, "PUBLIC_URL must begin with https://"],
    [{ SEALDESK_HOME: "/proc/none" }, "SEALDESK_HOME names a folder that cannot be written"],
    [
      { DATABASE_OWNER_URL: ownerUrl.replace(/[^/]+$/, "nowhere") },
      "DATABASE_OWNER_URL names a database that does not exist (3D000).",
    ],
    [{ SEALDESK_KEYRING_KEY_FILE: openKey }, "Other users may use the key file"],
    [{ SEALDESK_KMS: "vault" }, "VAULT_ADDR must be set when SEALDESK_KMS is vault."],
    [
      { DATABSE_URL: "x" },
      "DATABSE_URL is not a variable that Sealdesk knows. Did you mean DATABASE_URL?",
    ],
  ];
  for (const [environment, sentence] of cases) {
    const { code, err } = await sealdesk(["setup", "--from", await answers(environment)], PASSWORD);
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)]);
    await expect(stat(join(folder, ".env"))).rejects.toMatchObject({ code: "ENOENT" });
  }
  for (const line of ["PUBLIC_URL=https://other.example.org", "NODE_ENV=development"]) {
    await writeFile(join(folder, ".env"), `${line}\n`);
    const { err } = await sealdesk(["setup", "--from", await answers({})], PASSWORD);
    expect(err).toBe(
      `${line.split("=")[0]} in .env differs from the answer. Setup changes no value: correct one of the two.\n`,
    );
  }
}, 120_000);

test("a login of the server that row-level security does not confine is refused before anything is written", async () => {
  await onDatabase(superuserUrl, (client) =>
    client.query(`create role powerful login superuser password 'pw';
                  create role indirect login password 'pw' in role powerful;
                  create role creator login createrole password 'pw';
                  create role sealdesk_server login password 'of somebody'`),
  );
  const asOwner = `${loginOf("anybody", "x")}?user=owner_login&password=owner`;
  for (const url of [
    loginOf("powerful", "pw"),
    loginOf("indirect", "pw"),
    loginOf("creator", "pw"),
    asOwner,
  ]) {
    const file = await answers({ DATABASE_URL: url });
    const { code, err } = await sealdesk(["setup", "--from", file], PASSWORD);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(
        "DATABASE_URL holds a login that row-level security does not confine.",
      ),
    ]);
  }
  for (const [environment, reason] of [
    [{}, "the login sealdesk_server exists already"],
    [{ DATABASE_OWNER_URL: asOwner }, "DATABASE_OWNER_URL is not of the form postgresql://"],
  ] as const) {
    const { err } = await sealdesk(["setup", "--from", await answers(environment)], PASSWORD);
    expect(err).toContain(`DATABASE_URL must be given, because ${reason}`);
  }
  await expect(stat(join(folder, ".env"))).rejects.toMatchObject({ code: "ENOENT" });
}, 120_000);
