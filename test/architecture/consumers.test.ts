import { join, resolve } from "node:path";

import { firstLoadOf, makeConsumer, scriptsIn, type Consumer } from "./consumer.ts";

const mostBytes = 110 * 1024;

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

  test("loads at most 110 KB from esbuild's build, without what few need", async () => {
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

  test("is built by Vite without any setting, and loads at most 110 KB", async () => {
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
  for (const part of ["argon2id", "seal-attachment", "open-attachment", "safety-code"])
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
        "export const parts = [Sealdesk, openStore] as const;\n",
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
