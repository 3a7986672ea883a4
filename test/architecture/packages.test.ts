import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { importedPackages, packTarball, type Tarball } from "./tarball.ts";

const run = promisify(execFile);
const deviceOnly = /crypto\/device|libsignal|^dist\/(client|demo|bench|test)\//;

/** Runs packed code in a process that writes down every module it resolved. */
async function modulesLoadedBy(...command: readonly string[]): Promise<string[]> {
  const record = resolve("test/architecture/record-modules.mjs");
  const { stdout, stderr } = await run(process.execPath, ["--import", record, ...command], {
    env: { PATH: process.env["PATH"] },
    maxBuffer: 2 ** 26,
  });
  const line = (stdout + stderr).split("\n").find((each) => each.startsWith("loaded: "));
  return JSON.parse(line?.slice("loaded: ".length) ?? "[]") as string[];
}

describe("the server's package", () => {
  let tarball: Tarball;
  beforeAll(async () => {
    if (!existsSync("dist/server/start.js")) throw new Error("Run `npm run build` first.");
    tarball = await packTarball("--ignore-scripts");
  }, 60_000);
  afterAll(() => tarball?.remove());

  test("holds the backend, its migrations and its papers", () => {
    for (const path of ["dist/server/main.js", "dist/cli/main.js", "dist/crypto/wire/frame.js"])
      expect(tarball.files).toContain(path);
    for (const path of ["LICENSE", "README.md", "CHANGELOG.md"])
      expect(tarball.files).toContain(path);
    expect(tarball.files.some((path) => /^dist\/db\/migrations\/.*\.sql$/.test(path))).toBe(true);
  });

  test("has a name in our scope, which nobody else can publish, and the command sealdesk", () => {
    expect(tarball.manifest).toMatchObject({
      name: "@sealdesk/server",
      bin: { sealdesk: expect.stringMatching(/dist\/cli\/main\.js$/) },
    });
  });

  test("holds no code of member devices", () => {
    expect(tarball.files.filter((path) => deviceOnly.test(path))).toEqual([]);
  });

  test("is Apache-2.0 and declares what it imports, libsignal not among it", async () => {
    const imported = await importedPackages(tarball);

    expect(tarball.manifest.license).toBe("Apache-2.0");
    expect(imported).toContain("express");
    const { dependencies, optionalDependencies } = tarball.manifest;
    const declared = Object.keys({ ...dependencies, ...optionalDependencies });
    expect(declared).toEqual(expect.arrayContaining(imported));
    expect(Object.keys(tarball.manifest.dependencies).join()).not.toMatch(/libsignal|@sealdesk/);
  });

  test("loads no device code and no unconfigured service when the server is composed", async () => {
    const start = join(tarball.folder, "dist/server/start.js");
    const loaded = await modulesLoadedBy("--input-type=module", "-e", `await import("${start}")`);

    expect(loaded.some((url) => url.endsWith("/dist/server/start.js"))).toBe(true);
    expect(loaded.some((url) => url.includes("/node_modules/express/"))).toBe(true);
    expect(loaded.filter((url) => /crypto\/device|libsignal/.test(url))).toEqual([]);
    expect(
      loaded.filter((url) =>
        /\/node_modules\/(prom-client|@opentelemetry|node-vault|pkcs11js)\//.test(url),
      ),
    ).toEqual([]);
  });

  test("loads no device code when the command runs", async () => {
    const loaded = await modulesLoadedBy(join(tarball.folder, "dist/cli/main.js"), "--help");

    expect(loaded.some((url) => url.endsWith("/dist/cli/main.js"))).toBe(true);
    expect(loaded.filter((url) => /crypto\/device|libsignal/.test(url))).toEqual([]);
  });
});

describe("the client's package", () => {
  let tarball: Tarball;
  beforeAll(async () => {
    tarball = await packTarball("--workspace", "client");
  }, 60_000);
  afterAll(() => tarball?.remove());

  test("holds the client and the portable code below it, and no code of the suite", () => {
    expect(tarball.files).toContain("dist/client/index.js");
    expect(tarball.files).toContain("dist/client/index.d.ts");
    expect(tarball.files.filter((path) => path.includes("suites/signal"))).toEqual([]);
    const elsewhere =
      /^(dist\/(client|contract|policies|crypto\/(wire|device)|audit\/verify)\/|[^/]+$)/;
    expect(tarball.files.filter((path) => !elsewhere.test(path))).toEqual([]);
  });

  test("is Apache-2.0 and declares what it imports, libsignal not among it", async () => {
    const declared = Object.keys(tarball.manifest.dependencies);

    expect(tarball.manifest.license).toBe("Apache-2.0");
    expect(tarball.files).toContain("LICENSE");
    expect(declared).toEqual(expect.arrayContaining(await importedPackages(tarball)));
    expect(declared.join()).not.toMatch(/libsignal|suite-signal/);
  });

  test("loads no libsignal, in a browser's build or in Node's", async () => {
    for (const entry of ["index.js", "index.node.js"]) {
      const url = join(tarball.folder, "dist/client", entry);
      const loaded = await modulesLoadedBy("--input-type=module", "-e", `await import("${url}")`);
      expect(loaded.some((each) => each.endsWith(`/dist/client/${entry}`))).toBe(true);
      expect(loaded.filter((each) => /suites\/signal|libsignal/.test(each))).toEqual([]);
    }
  });
});

describe("the signal suite's package", () => {
  let tarball: Tarball;
  beforeAll(async () => {
    tarball = await packTarball("--workspace", "crypto/device/suites/signal");
  }, 60_000);
  afterAll(() => tarball?.remove());

  test("carries libsignal's licence and declares what it imports", async () => {
    expect(tarball.manifest.license).toBe("AGPL-3.0-only");
    expect(await readFile(join(tarball.folder, "LICENSE"), "utf8")).toMatch(/^GNU AFFERO GENERAL/);
    expect(tarball.files).toContain("dist/crypto/device/suites/signal/index.js");
    const declared = Object.keys(tarball.manifest.dependencies);
    expect(declared).toContain("@signalapp/libsignal-client");
    expect(declared).toEqual(expect.arrayContaining(await importedPackages(tarball)));
  });
});
