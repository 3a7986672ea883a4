import { inspect } from "node:util";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey, KEY_TYPES } from "../../../audit/verify/note.ts";
import { readConfig } from "../../../server/config.ts";

const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgresql://app:very-secret-value@db/sealdesk",
  PUBLIC_URL: "https://desk.example",
  REDIS_URL: "rediss://:very-secret-value@redis:6380",
  SEALDESK_KEYRING_PASSPHRASE: "a passphrase of some length",
};

test("an empty environment gives the defaults", () => {
  expect(readConfig({})).toMatchObject({
    mode: "development",
    host: "127.0.0.1",
    port: 8080,
    publicUrl: undefined,
    home: expect.stringMatching(/\.sealdesk$/),
    databaseUrl: undefined,
    redisUrl: undefined,
    logLevel: "info",
    metrics: undefined,
    traces: undefined,
  });
});

test.each([
  [{}, "development"],
  [
    {
      DATABASE_URL: "postgresql://db/sealdesk",
      PUBLIC_URL: "https://desk.example",
      SEALDESK_KEYRING_PASSPHRASE: "twelve letters",
    },
    "production",
  ],
  [{ DATABASE_URL: "postgresql://db/sealdesk", NODE_ENV: "development" }, "development"],
])("with %j the mode is %s", (environment, mode) => {
  expect(readConfig(environment).mode).toBe(mode);
});

test("a configured database without NODE_ENV is held to the rules of production", () => {
  expect(() => readConfig({ DATABASE_URL: "postgresql://db/sealdesk" })).toThrow(
    /^PUBLIC_URL must be set in production/,
  );
});

test("metrics and traces are on if an address is given", () => {
  expect(
    readConfig({ METRICS_PORT: "9464", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" }),
  ).toMatchObject({
    metrics: { host: "127.0.0.1", port: 9464 },
    traces: { endpoint: "http://collector:4318", ratio: 1 },
  });
});

const vault = { SEALDESK_KMS: "vault", VAULT_ADDR: "https://vault:8200" };
const hsm = { SEALDESK_KMS: "pkcs11", SEALDESK_PKCS11_LIBRARY: "/lib/hsm.so" };

test("the key service is the keyring, Vault or an HSM", () => {
  expect(readConfig({}).kms).toMatchObject({ kind: "local", mustBeSealed: false });
  const role = { VAULT_ROLE_ID: "role", VAULT_SECRET_ID: "very-secret-value" };
  expect(readConfig({ ...vault, ...role }).kms).toMatchObject({
    kind: "vault",
    address: "https://vault:8200",
    login: { roleId: "role" },
    mount: "transit",
  });
  const token = { SEALDESK_PKCS11_TOKEN: "sealdesk", SEALDESK_PKCS11_PIN: "very-secret-value" };
  const config = readConfig({ ...hsm, ...token });
  expect(config.kms).toMatchObject({ kind: "pkcs11", library: "/lib/hsm.so", token: "sealdesk" });
  for (const shown of [config, readConfig({ ...vault, ...role })])
    expect(inspect(shown, { depth: 9 }) + JSON.stringify(shown)).not.toContain("very-secret-value");
});

test.each([
  [{ SEALDESK_KMS: "cloud" }, "SEALDESK_KMS"],
  [{ SEALDESK_KMS: "vault" }, "VAULT_ADDR"],
  [{ ...vault, VAULT_ADDR: "vault:8200" }, "VAULT_ADDR"],
  [{ ...vault, VAULT_ADDR: "https://user:pw@vault" }, "VAULT_ADDR"],
  [vault, "VAULT_ROLE_ID"],
  [{ ...vault, VAULT_ROLE_ID: "role" }, "VAULT_SECRET_ID"],
  [{ ...production, ...vault, VAULT_ADDR: "http://vault", VAULT_TOKEN: "t" }, "VAULT_ADDR"],
  [hsm, "SEALDESK_PKCS11_TOKEN"],
  [{ ...hsm, SEALDESK_PKCS11_TOKEN: "t" }, "SEALDESK_PKCS11_PIN"],
])("key service settings %j are refused by name", (settings, name) => {
  expect(() => readConfig(settings)).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      message: expect.stringMatching(new RegExp(`^${name} .*[.]$`)),
    }),
  );
});

const vkeyOf = (name: string, type: 1 | 4) =>
  formatVkey(nodeChecks.sha256, { name, type, publicKey: new Uint8Array(32) });
const [one, two] = [vkeyOf("one.example/w", KEY_TYPES.cosignature), vkeyOf("two.example", 4)];

test("witnesses are a list of keys and URLs", () => {
  const { witnesses } = readConfig({
    AUDIT_WITNESSES: `${one}@https://one.example/w/, all:${two}@http://10.0.0.2:8090`,
  }).audit;
  expect(witnesses.map(({ key, url, gets }) => [key.name, url, gets])).toEqual([
    ["one.example/w", "https://one.example/w", "operator"],
    ["two.example", "http://10.0.0.2:8090", "all"],
  ]);
});

test("a quorum of witnesses counts only those that receive every log", () => {
  const AUDIT_WITNESSES = `${one}@https://one.example/w,all:${two}@http://10.0.0.2:8090`;
  const { publication } = readConfig({ AUDIT_WITNESSES, AUDIT_WITNESS_QUORUM: "1" }).audit;
  expect([publication.quorum, publication.witnesses.map(({ name }) => name)]).toEqual([
    1,
    ["two.example"],
  ]);
  expect(() => readConfig({ AUDIT_WITNESSES, AUDIT_WITNESS_QUORUM: "2" })).toThrow(
    /^AUDIT_WITNESS_QUORUM must be at most /,
  );
});

test.each([
  one,
  `all:`,
  `${one}@ftp://one.example`,
  `${one}@https://`,
  `${one}@https://user:pw@one.example`,
  `${one}@https://one.example?q`,
  `${one.slice(0, -5)}AAAA=@https://one.example`,
  `${vkeyOf("log.example", KEY_TYPES.ed25519)}@https://one.example`,
  `${one}@https://one.example,${one}@https://other.example`,
  ",",
])("AUDIT_WITNESSES=%s is refused by name", (list) => {
  expect(() => readConfig({ AUDIT_WITNESSES: list })).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      message: expect.stringMatching(
        /^AUDIT_WITNESSES must be at most 16 different witnesses, .*\.$/,
      ),
    }),
  );
});

test("limits of sign-ins are set by how many at once, and seconds until one more", () => {
  expect(readConfig({ SIGN_IN_NETWORK_LIMIT: "50,3" })).toMatchObject({
    networkSignInLimit: { burst: 50, secondsPerFurther: 3 },
    signInLimit: { burst: 10, secondsPerFurther: 60 },
  });
});

test("an empty variable counts as not set", () => {
  expect(readConfig({ PORT: "", PUBLIC_URL: "" }).port).toBe(8080);
});

test.each([
  ["PORT", "http"],
  ["PORT", "65536"],
  ["PORT", "-1"],
  ["HOST", "not a host"],
  ["PUBLIC_URL", "sealdesk.example"],
  ["PUBLIC_URL", "ftp://sealdesk.example"],
  ["DATABASE_URL", "mysql://db"],
  ["DATABASE_OWNER_URL", "db"],
  ["REDIS_URL", "http://redis"],
  ["REDIS_URL", "redis://"],
  ["NODE_ENV", "staging"],
  ["LOG_LEVEL", "loud"],
  ["METRICS_PORT", "http"],
  ["METRICS_HOST", "not a host"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
  ["OTEL_TRACES_SAMPLER_ARG", "1.5"],
  ["SEALDESK_KEYRING_PASSPHRASE", "short"],
  ["TRUSTED_PROXIES", "10.0.0.1; 10.0.0.2"],
  ["SIGN_IN_NETWORK_LIMIT", "0,1"],
  ["SIGN_IN_ACCOUNT_LIMIT", "10"],
  ["SESSION_LIMIT", "10,0"],
  ["LINK_LIMIT", "1.5,60"],
  ["BUNDLE_LIMIT", "2000,1000"],
])("%s=%s stops with one sentence that names the variable and not its value", (name, value) => {
  const read = () => readConfig({ [name]: value });
  expect(read).toThrow(expect.objectContaining({ name: "ConfigError" }));
  expect(read).toThrow(new RegExp(`^${name} [^.]*\\.$`.replace("[^.]*", "must .*")));
  if (name === "DATABASE_URL") expect(read).not.toThrow(value);
});

describe("in production", () => {
  test("a complete configuration is accepted, and secrets do not print", () => {
    const config = readConfig({ ...production, PUBLIC_URL: "https://sealdesk.example/" });
    expect(config.publicUrl).toBe("https://sealdesk.example");
    for (const text of [
      inspect(config, { depth: 5 }),
      JSON.stringify(config),
      String(config.databaseUrl),
    ]) {
      expect(text).not.toContain("very-secret-value");
      expect(text).not.toContain("some length");
      expect(text).toContain("[redacted]");
    }
    expect(config.redisUrl?.reveal()).toBe(production.REDIS_URL);
    expect(config.databaseUrl?.reveal()).toBe(production.DATABASE_URL);
    expect(config.databaseOwnerUrl?.reveal()).toBe(production.DATABASE_URL);
  });

  test.each(["DATABASE_URL", "SEALDESK_KEYRING_PASSPHRASE"])("without %s it refuses", (name) => {
    expect(() => readConfig({ ...production, [name]: undefined })).toThrow(
      new RegExp(`^${name} must be set in production`),
    );
  });
});
