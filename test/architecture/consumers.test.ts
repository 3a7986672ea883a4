import { join, resolve } from "node:path";

import { firstLoadOf, makeConsumer, scriptsIn, type Consumer } from "./consumer.ts";
import { importedPackages, modulesLoadedBy } from "./tarball.ts";

const mostBytes = 125 * 1024;

const application = `
  import { Sealdesk, openStore } from "@sealdesk/client";
  globalThis.open = async (url, credentials) =>
    Sealdesk.connect({ url, credentials, store: await openStore("desk", "a passphrase") });
`;

let consumer: Consumer;
beforeAll(async () => {
  consumer = await makeConsumer();
  await consumer.write("main.js", application);
  await consumer.write(
    "index.html",
    '<!doctype html><title>Desk</title><script type="module" src="/main.js"></script>',
  );
}, 120_000);
afterAll(() => consumer?.remove());

describe("an application for browsers", () => {
  test("is bundled by esbuild without any setting", async () => {
    const printed = await consumer.run(
      "esbuild/bin/esbuild",
      "main.js",
      "--bundle",
      "--outfile=plain/main.js",
      "--log-level=warning",
    );

    expect(printed).toBe("");
  });

  test("loads at most 125 KB from esbuild's build, without what few need", async () => {
    await consumer.run(
      "esbuild/bin/esbuild",
      "main.js",
      "--bundle",
      "--minify",
      "--splitting",
      "--format=esm",
      "--outdir=split",
    );
    const folder = join(consumer.folder, "split");
    const { files, gzipBytes, code } = await firstLoadOf(folder, "main.js");

    expect(gzipBytes).toBeLessThanOrEqual(mostBytes);
    expectNothingOfNode(code);
    const later = (await scriptsIn(folder)).filter((name) => !files.includes(name));
    expectLoadedLater(later);
  });

  test("is built by Vite without any setting, and loads at most 125 KB", async () => {
    const printed = await consumer.run("vite/bin/vite.js", "build", "--logLevel", "warn");
    const folder = join(consumer.folder, "dist/assets");
    const scripts = await scriptsIn(folder);
    const entry = scripts.find((name) => name.startsWith("index-")) ?? "no entry";
    const { files, gzipBytes, code } = await firstLoadOf(folder, entry);

    expect(printed).toBe("");
    expect(gzipBytes).toBeLessThanOrEqual(mostBytes);
    expectNothingOfNode(code);
    expectLoadedLater(scripts.filter((name) => !files.includes(name)));
  });
});

/** The parts that are loaded when they are used. */
function expectLoadedLater(names: readonly string[]): void {
  for (const part of [
    "argon2id",
    "seal-attachment",
    "open-attachment",
    "safety-code",
    "event-stream",
    "on-demand",
  ])
    expect(names).toContainEqual(expect.stringContaining(part));
}

/** Which of these words stand in the code; the code itself is too long for a message. */
function expectNothingOfNode(code: string): void {
  const words = ["sealdesk/store/v1", "libsodium", "classic-level", "level-transcoder"];

  expect(words.filter((word) => code.includes(word))).toEqual(["sealdesk/store/v1"]);
}

describe("an application in TypeScript", () => {
  test("compiles with TypeScript 5.4, declarations of packages included", async () => {
    await consumer.write(
      "browser.ts",
      'import { Sealdesk, openStore } from "@sealdesk/client";\n' +
        "export const parts = [Sealdesk, openStore] as const;\n" +
        "export async function call(sealdesk: Sealdesk, own: string) {\n" +
        "  const [agent] = await sealdesk.staff();\n" +
        "  await sealdesk.openConversation({ with: agent ? [agent.id, own] : [own] });\n" +
        "  // @ts-expect-error -- a device is no conversation\n" +
        "  sealdesk.conversation(sealdesk.device);\n" +
        "}\n",
    );
    await consumer.write(
      "node.ts",
      'import { openStore, webSocket } from "@sealdesk/client/node";\n' +
        "export const parts = [openStore, webSocket] as const;\n",
    );
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
    const bundled = ["--module", "esnext", "--moduleResolution", "bundler"];
    const compiler = resolve("test/architecture/typescript-5.4/node_modules/typescript/bin/tsc");

    await consumer.run(compiler, ...options, ...bundled, "--lib", "es2022,dom", "browser.ts");
    await consumer.run(compiler, ...options, "--module", "nodenext", "browser.ts", "node.ts");
  });
});

test("an application in CommonJS loads the SDK with require", async () => {
  await consumer.write(
    "main.cjs",
    `const { Sealdesk } = require("@sealdesk/client");
     const { openStore, webSocket } = require("@sealdesk/client/node");
     console.log(typeof Sealdesk.connect, typeof openStore, typeof webSocket);`,
  );

  const printed = await consumer.run(process.execPath, "main.cjs");

  expect(printed).toContain("function function function");
});

describe("the client's package", () => {
  test("holds the client and the portable code below it, and no code of the suite", () => {
    expect(consumer.tarball.files).toContain("dist/client/index.js");
    expect(consumer.tarball.files).toContain("dist/client/index.d.ts");
    expect(consumer.tarball.files.filter((path) => path.includes("suites/signal"))).toEqual([]);
    const elsewhere =
      /^(dist\/(client|contract|policies|crypto\/(wire|device)|audit\/verify|moderation\/detect)\/|[^/]+$)/;
    expect(consumer.tarball.files.filter((path) => !elsewhere.test(path))).toEqual([]);
  });

  test("is Apache-2.0 and declares what it imports, libsignal not among it", async () => {
    const declared = Object.keys(consumer.tarball.manifest.dependencies);

    expect(consumer.tarball.manifest.license).toBe("Apache-2.0");
    expect(consumer.tarball.files).toContain("LICENSE");
    expect(declared).toEqual(expect.arrayContaining(await importedPackages(consumer.tarball)));
    expect(declared.join()).not.toMatch(/libsignal|suite-signal/);
  });

  test("loads no libsignal, in a browser's build or in Node's", async () => {
    for (const entry of ["index.js", "index.node.js"]) {
      const url = join(consumer.tarball.folder, "dist/client", entry);
      const loaded = await modulesLoadedBy("--input-type=module", "-e", `await import("${url}")`);
      expect(loaded.some((each) => each.endsWith(`/dist/client/${entry}`))).toBe(true);
      expect(loaded.filter((each) => /suites\/signal|libsignal/.test(each))).toEqual([]);
    }
  });
});
