import { readFileSync } from "node:fs";
import { normalize } from "node:path/posix";

// Which folder may import which: the import table of the architecture, in its order.
const backend = ["crypto/wire", "policies", "db", "audit", "keys", "identity", "messaging"];
const domains = ["desk", "moderation", "workflows"];
const mayImport = {
  "crypto/wire": [],
  "crypto/device": ["crypto/wire"],
  "crypto/device/suites/signal": ["crypto/wire", "crypto/device"],
  policies: ["crypto/wire"],
  contract: ["crypto/wire", "policies"],
  db: ["crypto/wire", "policies"],
  "audit/verify": ["crypto/wire"],
  audit: ["crypto/wire", "policies", "db", "audit/verify"],
  keys: [...backend.slice(0, 4), "audit/verify"],
  identity: [...backend.slice(0, 5), "audit/verify"],
  messaging: [...backend.slice(0, 6), "audit/verify"],
  desk: [...backend, "audit/verify"],
  "moderation/detect": ["crypto/wire"],
  moderation: [...backend, "audit/verify", "desk", "moderation/detect"],
  workflows: [...backend, "audit/verify", "desk", "moderation"],
  server: [...backend, ...domains, "audit/verify", "contract"],
  cli: [...backend, ...domains, "audit/verify", "contract", "moderation/detect"],
  client: ["crypto/wire", "crypto/device", "audit/verify", "contract", "moderation/detect"],
  console: ["client"],
  archiver: referencesOf("archiver"),
  bot: referencesOf("bot"),
  "tools/testkit": referencesOf("tools/testkit"),
  "tools/demo": referencesOf("tools/demo"),
  "tools/idp": referencesOf("tools/idp"),
  "tools/bench": referencesOf("tools/bench"),
  "tools/chaos": referencesOf("tools/chaos"),
  "tools/scenarios": referencesOf("tools/scenarios"),
};
const folders = Object.keys(mayImport);

// Packages the code on both sides of the wire may use. Everything else is the compiler's to find.
const mayUse = {
  "crypto/wire": ["@bufbuild/protobuf"],
  "crypto/device": ["libsodium-wrappers-sumo", "@noble/(ciphers|curves|hashes)", "abstract-level"],
  "crypto/device/suites/signal": ["@signalapp/libsignal-client", "libsodium-wrappers-sumo"],
  policies: ["@casl/ability", "@ucast/[^/]+"],
  contract: ["zod"],
  "audit/verify": [],
  "moderation/detect": ["zod"],
  client: Object.keys(readJson("client/package.json").dependencies),
};

// A folder without the folders below it that have a line of their own in the table.
function within(folder) {
  const own = folders.filter((other) => other.startsWith(`${folder}/`));
  const below = own.map((other) => `(?!${other.slice(folder.length + 1)}/)`).join("");
  return `^${folder}/${below}`;
}

const portable = "^(crypto|policies|contract|client|audit/verify|moderation/detect)/";
const browserFile = "[.]browser[.]ts$";
const nodeFile = "[.]node[.]ts$";
const server =
  "^(server|cli|db|audit|keys|identity|messaging|desk|moderation|workflows|policies|contract)/";
const libsignal = "(^|/)@signalapp/libsignal-client(/|$)";
const built = "(^|/)dist/";

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const directions = folders.map((folder) => ({
  name: `${folder.replaceAll("/", "-")}-imports-only-what-it-may`,
  severity: "error",
  from: { path: within(folder) },
  to: {
    pathNot: ["node_modules/", "^[^/]+$", ...[folder, ...mayImport[folder]].map(within)],
    dependencyTypesNot: ["core"],
  },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const packages = Object.entries(mayUse).map(([folder, names]) => ({
  name: `${folder.replaceAll("/", "-")}-uses-only-its-packages`,
  severity: "error",
  from: { path: within(folder) },
  to: {
    path: "(^|/)node_modules/",
    pathNot: names.map((name) => `(^|/)node_modules/(@types/)?${name}/`),
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...directions,
    ...packages,
    {
      name: "server-never-reaches-device-crypto",
      severity: "error",
      from: { path: server },
      to: { path: "^crypto/device/", reachable: true },
    },
    {
      name: "server-never-reaches-libsignal",
      severity: "error",
      from: { path: server },
      to: { path: libsignal, reachable: true },
    },
    {
      name: "only-suites-signal-imports-libsignal",
      severity: "error",
      from: { pathNot: "^(crypto/device/suites/signal|test/unit/crypto/device)/" },
      to: { path: libsignal },
    },
    {
      name: "portable-code-uses-no-node",
      severity: "error",
      from: { path: portable, pathNot: nodeFile },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "portable-code-reaches-no-node-file",
      severity: "error",
      from: { path: portable, pathNot: nodeFile },
      to: { path: `${portable}.*${nodeFile}` },
    },
    {
      // Node gets libsodium: `*.browser.ts` comes in by the table of client/package.json alone.
      name: "browser-files-are-imported-by-browser-files",
      severity: "error",
      from: { path: portable, pathNot: browserFile },
      to: { path: browserFile },
    },
    {
      name: "noble-is-for-browser-files",
      severity: "error",
      from: { path: portable, pathNot: browserFile },
      to: { path: "(^|/)node_modules/@noble/" },
    },
    {
      // Everything else treats the keys of a cipher suite as bytes.
      name: "key-sizes-are-for-what-parses-keys",
      severity: "error",
      from: { pathNot: "^(crypto|contract|(keys|identity)/prekeys|test/unit)/" },
      to: { path: "^crypto/wire/key-sizes[.]ts$" },
    },
    {
      // The types of the driver's rows are `any`. Those of `db/client.ts` are named by the caller.
      name: "product-uses-the-driver-through-db",
      severity: "error",
      from: { path: server, pathNot: "^db/" },
      to: { path: "(^|/)node_modules/(@types/)?pg/" },
    },
    {
      name: "sources-import-no-built-copies",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: built, pathNot: "node_modules/" },
    },
    {
      name: "server-uses-only-declared-packages",
      severity: "error",
      from: { path: server },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-test-code-in-production",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no compiler API; without this parser nothing is read and all seems well.
    parser: "swc",
    tsPreCompilationDeps: true,
    // Pages of browser tests: they are bundled where the package is installed, and resolved there.
    exclude: { path: "^test/e2e/browser/(foreign-)?page[.]js$" },
    doNotFollow: { path: ["node_modules", built] },
    enhancedResolveOptions: {
      extensions: [".ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
    },
  },
};

/** What a folder's tsconfig.json names, for folders that stand outside the table. */
function referencesOf(folder) {
  const { references = [] } = readJson(`${folder}/tsconfig.json`);
  return references.map(({ path }) => normalize(`${folder}/${path}`));
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
}
