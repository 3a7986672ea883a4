import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { importedPackages, modulesLoadedBy, packTarball, type Tarball } from "./tarball.ts";

const deviceOnly = /crypto\/device|libsignal|^dist\/(client|demo|bench|test)\//;

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

  test("loads no other commands than those that a command line names", async () => {
    const loaded = await modulesLoadedBy(
      join(tarball.folder, "dist/cli/main.js"),
      "keys",
      "--help",
    );
    const commands = loaded.filter((url) => url.includes("/dist/cli/commands/"));

    expect(commands.map((url) => url.split("/dist/cli/commands/")[1])).toContain("keys.js");
    expect(commands.filter((url) => /\/commands\/(audit|idp|user|erasure)/.test(url))).toEqual([]);
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
