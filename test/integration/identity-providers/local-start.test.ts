import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { ProviderBrowser } from "../../support/provider-browser.ts";
import { temporaryHome } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

const built = (path: string) => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Runs a built program, and collects what it prints. */
function run(path: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [built(path), ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], ...environment },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: once(child, "close") };
}

test("a developer starts the server with a provider, and signs in with a browser", async () => {
  const folder = await temporaryHome();
  const [port, idp] = [String(await freePort()), String(await freePort())];
  const server = run("cli/main.js", ["start", "--with-idp", idp], {
    SEALDESK_HOME: folder.home,
    PORT: port,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  });
  await until(() => server.output().includes("Try it: npm run sign-in"));
  const signIn = run("tools/idp/sign-in.js", [`http://127.0.0.1:${port}`], { TMPDIR: tmpdir() });
  await until(() => /\n\nhttp/.test(signIn.output()));
  const [page = ""] = /http\S+/.exec(signIn.output()) ?? [];
  await fetch(await new ProviderBrowser().signIn(page, "sam"));
  await signIn.ended;
  expect(signIn.output()).toMatch(/Signed in as Sam \(by the provider\), supervisor, account /);
  server.child.kill("SIGTERM");
  expect(await server.ended).toEqual([0, null]);
  await expect(fetch(`http://127.0.0.1:${idp}/`)).rejects.toThrow();
  await folder.remove();
}, 120_000);

test("an installation for production refuses it", async () => {
  const refused = run("cli/main.js", ["start", "--with-idp"], {
    DATABASE_URL: "postgres://127.0.0.1:1/none",
  });
  expect(await refused.ended).toEqual([1, null]);
  expect(refused.output()).toContain("--with-idp is for development");
});
