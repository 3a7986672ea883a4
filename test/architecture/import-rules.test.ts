import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { cruiseTree } from "./cruise-tree.ts";

const folders = (
  "crypto policies contract db audit keys identity messaging desk moderation workflows " +
  "server cli client console archiver bot tools test"
).split(" ");

test("the real tree obeys, and was really read", async () => {
  const present = folders.filter((folder) => existsSync(folder));
  const { modules, violations } = await cruiseTree(present);

  expect(violations).toEqual([]);
  const ours = modules.filter((path) => !path.includes("node_modules/") && path.endsWith(".ts"));
  expect(ours.length).toBeGreaterThan(100);
  for (const folder of present)
    expect({ folder, read: ours.some((path) => path.startsWith(`${folder}/`)) }).toEqual({
      folder,
      read: true,
    });
});

/** What someone might write by mistake, and the rule that must name it. */
const mistakes: readonly {
  readonly what: string;
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
  readonly from: string;
  readonly to: string;
}[] = [
  {
    what: "the server opens what only a device may open",
    rule: "server-never-reaches-device-crypto",
    from: "server/start.ts",
    to: "crypto/device/open-message.ts",
    files: {
      "server/start.ts": `import { post } from "../messaging/post.ts"; post();`,
      "messaging/post.ts": `import { open } from "../crypto/device/open-message.ts"; export const post = open;`,
      "crypto/device/open-message.ts": `export const open = () => {};`,
    },
  },
  {
    what: "a command opens what only a device may open, by a dynamic import",
    rule: "server-never-reaches-device-crypto",
    from: "cli/main.ts",
    to: "crypto/device/open-message.ts",
    files: {
      "cli/main.ts": `await import("../crypto/device/open-message.ts");`,
      "crypto/device/open-message.ts": `export const open = () => {};`,
    },
  },
  {
    what: "the server reaches libsignal through a package of this repository",
    rule: "server-never-reaches-device-crypto",
    from: "server/start.ts",
    to: "crypto/device/suites/signal/dist/index.js",
    files: {
      "server/start.ts": `import "../crypto/device/suites/signal/dist/index.js";`,
      "crypto/device/suites/signal/dist/index.js": `export {};`,
    },
  },
  {
    what: "device code outside the suite imports libsignal",
    rule: "only-suites-signal-imports-libsignal",
    from: "crypto/device/identity.ts",
    to: "node_modules/@signalapp/libsignal-client/index.js",
    files: {
      "crypto/device/identity.ts": `import "@signalapp/libsignal-client";`,
      ...packageFiles("@signalapp/libsignal-client"),
    },
  },
  {
    what: "the client brings the copyleft suite into the browser bundle",
    rule: "client-imports-only-what-it-may",
    from: "client/index.ts",
    to: "crypto/device/suites/signal/index.ts",
    files: {
      "client/index.ts": `import "../crypto/device/suites/signal/index.ts";`,
      "crypto/device/suites/signal/index.ts": `export {};`,
    },
  },
  ...["crypto/wire", "crypto/device", "policies", "contract", "client", "audit/verify"].map(
    (folder) => ({
      what: `${folder} imports a Node built-in`,
      rule: "portable-code-uses-no-node",
      from: `${folder}/clock.ts`,
      to: "fs/promises",
      files: { [`${folder}/clock.ts`]: `import { readFile } from "node:fs/promises"; readFile;` },
    }),
  ),
  {
    what: "portable code imports a file that needs Node",
    rule: "portable-code-reaches-no-node-file",
    from: "client/index.ts",
    to: "client/disk.node.ts",
    files: {
      "client/index.ts": `import "./disk.node.ts";`,
      "client/disk.node.ts": `import "node:fs";`,
    },
  },
  {
    what: "the database layer knows the messaging domain",
    rule: "db-imports-only-what-it-may",
    from: "db/pool.ts",
    to: "messaging/post.ts",
    files: {
      "db/pool.ts": `import type { Post } from "../messaging/post.ts"; export type Row = Post;`,
      "messaging/post.ts": `export type Post = string;`,
    },
  },
  {
    what: "a key service knows who signs in",
    rule: "keys-imports-only-what-it-may",
    from: "keys/kms/open-kms.ts",
    to: "identity/tokens/sign-in.ts",
    files: {
      "keys/kms/open-kms.ts": `import type { Grant } from "../../identity/tokens/sign-in.ts"; export type Opener = Grant;`,
      "identity/tokens/sign-in.ts": `export type Grant = string;`,
    },
  },
  {
    what: "a session knows the conversations",
    rule: "identity-imports-only-what-it-may",
    from: "identity/tokens/sign-in.ts",
    to: "messaging/post.ts",
    files: {
      "identity/tokens/sign-in.ts": `import "../../messaging/post.ts";`,
      "messaging/post.ts": `export {};`,
    },
  },
  {
    what: "the offline verifier needs the database",
    rule: "audit-verify-imports-only-what-it-may",
    from: "audit/verify/proof.ts",
    to: "audit/append.ts",
    files: {
      "audit/verify/proof.ts": `import "../append.ts";`,
      "audit/append.ts": `export {};`,
    },
  },
  ...(["cli", "server"] as const).map((folder) => {
    const other = folder === "cli" ? "server" : "cli";
    return {
      what: `${folder} imports ${other}`,
      rule: `${folder}-imports-only-what-it-may`,
      from: `${folder}/run.ts`,
      to: `${other}/start.ts`,
      files: {
        [`${folder}/run.ts`]: `import "../${other}/start.ts";`,
        [`${other}/start.ts`]: `export {};`,
      },
    };
  }),
  ...["crypto/wire", "crypto/device", "policies", "contract", "audit/verify"].map((folder) => ({
    what: `${folder} uses a package that is not on its list`,
    rule: `${folder.replaceAll("/", "-")}-uses-only-its-packages`,
    from: `${folder}/log.ts`,
    to: "node_modules/winston/index.js",
    files: { [`${folder}/log.ts`]: `import "winston";`, ...packageFiles("winston") },
  })),
  {
    what: "a domain uses PostgreSQL's driver itself",
    rule: "product-uses-the-driver-through-db",
    from: "messaging/post.ts",
    to: "node_modules/pg/index.js",
    files: { "messaging/post.ts": `import "pg";`, ...packageFiles("pg") },
  },
  {
    what: "a use case depends on the sizes of a suite's keys",
    rule: "key-sizes-are-for-what-parses-keys",
    from: "messaging/post.ts",
    to: "crypto/wire/key-sizes.ts",
    files: {
      "messaging/post.ts": `import "../crypto/wire/key-sizes.ts";`,
      "crypto/wire/key-sizes.ts": `export {};`,
    },
  },
  {
    what: "two files import each other",
    rule: "no-cycles",
    from: "keys/a.ts",
    to: "keys/b.ts",
    files: {
      "keys/a.ts": `import { b } from "./b.ts"; export const a = () => b;`,
      "keys/b.ts": `import { a } from "./a.ts"; export const b = () => a;`,
    },
  },
  {
    what: "an import leads nowhere",
    rule: "no-unresolvable",
    from: "keys/a.ts",
    to: "./gone.ts",
    files: { "keys/a.ts": `import "./gone.ts";` },
  },
  {
    what: "production code imports test code",
    rule: "no-test-code-in-production",
    from: "db/pool.ts",
    to: "test/support/fake.ts",
    files: {
      "db/pool.ts": `import "../test/support/fake.ts";`,
      "test/support/fake.ts": `export {};`,
    },
  },
];

test.each(mistakes)("$what: $rule", async ({ rule, files, from, to }) => {
  const tree = await realpath(await mkdtemp(join(tmpdir(), "sealdesk-imports-")));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(tree, dirname(path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    const present = folders.filter((folder) => existsSync(join(tree, folder)));

    const { violations } = await cruiseTree(present, tree);

    expect(violations).toContainEqual({ rule, from, to });
  } finally {
    await rm(tree, { recursive: true });
  }
});

function packageFiles(name: string): Record<string, string> {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: "index.js" }),
    [`node_modules/${name}/index.js`]: "module.exports = {};",
  };
}
