import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { customerTokenRefusals } from "../../identity/tokens/customer-token/finding.ts";
import { ensureInstalled } from "../support/debian-packages.ts";
import { TestDevice } from "../support/device.ts";
import { buildGoFolder } from "../support/go.ts";
import { connect } from "../support/member.ts";
import { runProgram } from "../support/run-program.ts";
import { runSealdesk } from "../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const page = await readFile("docs/customer-sign-in.md", "utf8");

/** The only code block of that language on the page. */
function blockOf(language: string): string {
  const blocks = Array.from(page.matchAll(/```(\w+)\n([\s\S]*?)```/g)).filter(
    ([, of]) => of === language,
  );
  expect(blocks).toHaveLength(1);
  return blocks[0]?.[2] ?? "";
}

let server: TestServer;
let folder: string;
let environment: Readonly<Record<string, string>>;
const slug = "acme";
const kid = "2026-11";

beforeAll(async () => {
  server = await startTestServer();
  // Below the repository, so that Node finds jose.
  folder = await mkdtemp(resolve("test/.customer-sign-in-"));
  const [key, publicKey] = [join(folder, "customer-key.pem"), join(folder, "customer-key.pub.pem")];
  ensureInstalled(() => spawnSync("openssl", ["version"]).status === 0, ["openssl"]);
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key]);
  execFileSync("openssl", ["pkey", "-in", key, "-pubout", "-out", publicKey]);
  const named = ["--slug", slug, "--name", "Acme", "--customer-keys", publicKey, "--kid", kid];
  expect(await runSealdesk(server, ["tenant", "create", ...named])).toMatchObject({ code: 0 });
  environment = {
    SEALDESK_TENANT: slug,
    SEALDESK_URL: server.url,
    SEALDESK_KEY_ID: kid,
    SEALDESK_KEY_FILE: key,
  };
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

type MakeToken = (customer: string, thumbprint: string) => Promise<string>;

const program =
  (command: string, ...args: string[]): MakeToken =>
  async (customer, thumbprint) =>
    (await runProgram(command, [...args, customer, thumbprint], environment)).trim();

async function fileOf(language: string, name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, blockOf(language));
  return path;
}

/** A Python that has the package; Debian's has it in another place than the one first in PATH. */
function pythonWithCryptography(): string {
  const find = () =>
    ["python3", "/usr/bin/python3"].find(
      (python) => spawnSync(python, ["-c", "import cryptography"]).status === 0,
    );
  ensureInstalled(() => find() !== undefined, ["python3", "python3-cryptography"]);
  return find() ?? "";
}

async function goProgram(): Promise<string> {
  const source = join(folder, "go");
  await mkdir(source);
  await writeFile(join(source, "customer_token.go"), blockOf("go"));
  const out = join(folder, "customer_token");
  buildGoFolder(source, out, folder);
  return out;
}

const examples: Readonly<Record<string, () => Promise<MakeToken>>> = {
  Node: async () => program(process.execPath, await fileOf("js", "customer-token.mjs")),
  Python: async () =>
    program(pythonWithCryptography(), await fileOf("python", "customer_token.py")),
  Go: async () => program(await goProgram()),
};

test.each(Object.entries(examples))(
  "the %s example signs a customer in, and binds the token to the device",
  async (_language, prepare) => {
    const makeToken = await prepare();
    const customer = `customer-${randomUUID()}`;
    const made: string[] = [];
    const token = async ({ thumbprint }: { readonly thumbprint: string }) => {
      made.push(await makeToken(customer, thumbprint));
      return made.at(-1) ?? "";
    };
    const { sealdesk } = await connect(server, { grant: "customer_token", tenant: slug, token });
    expect(sealdesk.user.role).toBe("customer");
    await sealdesk.close();

    const [bound = ""] = made;
    const stolen = { grant: "customer_token", tenant: slug, token: bound };
    const reply = await new TestDevice(server).signIn(stolen);
    expect(reply.body).toMatchObject({ code: "sign_in_failed" });

    const verify = ["customer-token", "--verify", "--tenant", slug];
    expect(await runSealdesk(server, verify, bound)).toMatchObject({
      code: 0,
      out: expect.stringContaining("The server accepts this token."),
    });
  },
);

test("the page's output of --verify is what the command prints", async () => {
  const makeToken = await examples["Node"]!();
  const token = await makeToken("customer-17", "a-thumbprint");
  const audience = "https://support.example";
  const verify = ["customer-token", "--verify", "--tenant", slug, "--audience", audience];
  const { out } = await runSealdesk(server, verify, token);
  const shown = blockOf("text").replace(`${audience}/`, server.url);
  // How long ago the token was made differs from run to run.
  const timeless = (text: string) => text.replaceAll(/\d+ s/g, "N s");
  expect(timeless(out)).toBe(timeless(shown));
});

test("the page explains every reason there is", () => {
  for (const refusal of customerTokenRefusals) expect(page).toContain(`| \`${refusal}\``);
});
