import { knownVariables } from "../../../keys/environment/known-variables.ts";
import { readSettings } from "../../../cli/settings.ts";
import { readConfig } from "../../../server/config.ts";

const url = (text: string) => [
  `ftp://${text}.example`,
  text,
  `http://user:${text}@host`,
  `http://x?${text}`,
];
const host = (text: string) => [`not a ${text}`, `${text}/`];
const port = (text: string) => [text, "65536", "-1", "80.5"];
const days = (text: string) => [text, "0", "-1", "1.5", "36501", "99999999"];
const database = (text: string) => [
  `mysql://${text}`,
  text,
  `postgresql://user:${text}@host:abc/x`,
  `postgresql://user:${text}@one,two/x`,
  `postgresql://user:${text}@one:1,two:2/x`,
];
const bucket = (text: string) => [`${text}/`, "A", "a_b_c"];
const rate = (text: string) => [text, "60", "0,1", "60,0", "60,1,1", "-60,1"];
const limit = (text: string) => [...rate(text), "60,0.5", "2000000,1"];
const count = (text: string) => [text, "0", "-1", "1.5", "100001"];
const path = (text: string) => [`/${text}\n`];
const header = (text: string) => [`${text}\n`, `${text} x`, `${text}\u00e9`];

/** For each variable values that nothing could work with. Each contains the text if it can. */
const wrong: Readonly<Record<string, (text: string) => readonly string[]>> = {
  ACCOUNT_BYTE_LIMIT: rate,
  ACCOUNT_FRAME_LIMIT: rate,
  ACCOUNT_MESSAGE_LIMIT: rate,
  ATTACHMENTS_S3_BUCKET: bucket,
  ATTACHMENTS_S3_ENDPOINT: url,
  ATTACHMENTS_S3_REGION: (text) => [`${text}!`],
  AUDIT_CHECKPOINTS: path,
  AUDIT_CHECKPOINTS_RETAIN_DAYS: days,
  AUDIT_CHECKPOINTS_S3_BUCKET: bucket,
  AUDIT_ORIGIN: (text) => [`https://${text}`, `${text}_`, "[::1]"],
  AUDIT_RESTORE_APPROVERS: (text) => [text, `${text},${text}`, ","],
  AUDIT_RETAIN_DAYS: days,
  ERASURE_LEDGER: path,
  ERASURE_LEDGER_RETAIN_DAYS: days,
  ERASURE_LEDGER_S3_BUCKET: bucket,
  KEYSTORE_BACKUP_DAYS: days,
  AUDIT_SINKS: (text) => [text, `ftp://${text}`, ","],
  AUDIT_SINKS_CA: path,
  AUDIT_SINKS_RETAIN_DAYS: days,
  AUDIT_SINK_QUORUM: (text) => [text, "9", "-1", "1"],
  AUDIT_WITNESSES: (text) => [text, `${text}@https://w.example`, ","],
  AUDIT_WITNESS_QUORUM: (text) => [text, "17", "-1", "1"],
  AUTHORITY_SECRET: (text) => [text, `${text} and more text of some length`],
  AUTHORITY_URL: url,
  BUNDLE_LIMIT: limit,
  CONVERSATION_LIMIT: rate,
  OUTGOING_NETWORKS: (text) => [text, "10.0.0.0/33", "loopback", "10.0.0.1,"],
  DATABASE_OWNER_URL: database,
  DATABASE_URL: database,
  HOST: host,
  KEYSTORE_OWNER_URL: database,
  KEYSTORE_URL: database,
  LINK_LIMIT: limit,
  LOG_LEVEL: (text) => [text, "INFO"],
  MESSAGE_LIMIT: rate,
  METRICS_HOST: host,
  METRICS_PORT: port,
  NODE_ENV: (text) => [text, "Production"],
  OPEN_CONVERSATIONS_PER_CUSTOMER: count,
  OPEN_CONVERSATIONS_PER_MEMBER: count,
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_TRACES_SAMPLER_ARG: (text) => [text, "1.5", "-1"],
  PORT: port,
  PUBLIC_URL: url,
  REDIS_URL: (text) => [`http://${text}`, text, `redis://:${text}@host:99999`],
  REGISTRATION_LIMIT: limit,
  REQUEST_LIMIT: rate,
  SEALDESK_HOME: path,
  SEALDESK_KEYRING_KEY_FILE: path,
  SEALDESK_KEYRING_PASSPHRASE: () => ["short-one"],
  SEALDESK_KMS: (text) => [text, "Vault"],
  SEALDESK_PKCS11_LIBRARY: path,
  SEALDESK_PKCS11_PIN: (text) => [`${text}\n`],
  SEALDESK_PKCS11_TOKEN: (text) => [`${text}\n`, text.repeat(9)],
  SESSION_LIMIT: limit,
  ANONYMOUS_NETWORK_LIMIT: limit,
  ANONYMOUS_TENANT_LIMIT: limit,
  SHUTDOWN_DELAY_SECONDS: (text) => [text, "301", "-1"],
  SIGN_IN_ACCOUNT_LIMIT: limit,
  SIGN_IN_NETWORK_LIMIT: limit,
  STAFF_MESSAGE_LIMIT: rate,
  STAFF_REQUEST_LIMIT: rate,
  TENANT_BYTE_LIMIT: rate,
  TENANT_REQUEST_LIMIT: rate,
  TENANT_CONVERSATION_LIMIT: rate,
  TENANT_MESSAGE_LIMIT: rate,
  TRUSTED_PROXIES: (text) => [
    text,
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.1; 10.0.0.2",
    "10.0.0.1,",
    "proxy.internal",
  ],
  VAULT_ADDR: url,
  VAULT_CACERT: path,
  VAULT_NAMESPACE: (text) => [`${text}!`],
  VAULT_ROLE_ID: header,
  VAULT_SECRET_ID: header,
  VAULT_TOKEN: header,
  VAULT_TRANSIT_MOUNT: (text) => [`/${text}`, `${text}/`],
};

test("there are wrong values for every variable that Sealdesk knows", () => {
  expect(Object.keys(wrong).toSorted()).toEqual([...knownVariables].toSorted());
});

const cases = Object.entries(wrong).flatMap(([name, values]) =>
  values("wrong-text-9271").map((value) => [name, value] as const),
);

/** Without a default that another rule would refuse. */
const settings = { SEALDESK_HOME: "/nonexistent" };

test.each(cases)(
  "%s=%j is refused in one sentence that begins with the name and does not quote the value",
  (name, value) => {
    const read = () => {
      readConfig({ ...settings, [name]: value });
    };
    expect(read).toThrow(expect.objectContaining({ name: "ConfigError", code: "invalid_config" }));
    const message = messageOf(read);
    expect(message).toMatch(new RegExp(`^${name} must (be|have) .*\\.$`));
    expect(message).not.toMatch(/\. [A-Z]/);
    expect(message).not.toContain("wrong-text-9271");
  },
);

test.each(cases)("the commands refuse %s=%j like the server", (name, value) => {
  const read = () => readSettings({ ...settings, [name]: value }).kms();
  expect(messageOf(read)).toBe(messageOf(() => readConfig({ ...settings, [name]: value })));
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "";
}

const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgresql://app:secret@db/sealdesk",
  PUBLIC_URL: "https://desk.example",
  SEALDESK_KEYRING_PASSPHRASE: "a passphrase of some length",
};

test.each(["DATABASE_URL", "PUBLIC_URL", "SEALDESK_KEYRING_PASSPHRASE"])(
  "production without %s is refused",
  (name) => {
    expect(messageOf(() => readConfig({ ...production, [name]: "" }))).toMatch(
      new RegExp(`^${name} must be set in production, [^.]*\\.$`),
    );
  },
);

test.each([
  [{ PUBLIC_URL: "http://sealdesk_server:8080" }, "AUDIT_ORIGIN"],
  [{ METRICS_PORT: "8080" }, "METRICS_PORT"],
])("%j is refused by the name %s", (given, name) => {
  expect(messageOf(() => readConfig(given))).toMatch(new RegExp(`^${name} must [^.]*\\.$`));
});

test.each([
  ["HTTPS://Desk.Example:443//", "https://desk.example", "desk.example"],
  ["http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080", "::1:8080"],
  ["https://desk.example/support/", "https://desk.example/support", "desk.example"],
])("PUBLIC_URL=%s means %s, and logs are named after %s", (given, publicUrl, originPrefix) => {
  expect(readConfig({ PUBLIC_URL: given })).toMatchObject({ publicUrl, audit: { originPrefix } });
});

test.each([
  "postgresql://sealdesk_server:p%40ss%2Fw@127.0.0.1:5432/sealdesk",
  "postgres://sealdesk_server@[::1]/sealdesk?sslmode=disable",
  "postgresql://sealdesk_server:pw@/sealdesk?host=/var/run/postgresql",
])("DATABASE_URL=%s is taken", (given) => {
  expect(readConfig({ NODE_ENV: "development", DATABASE_URL: given }).databaseUrl?.reveal()).toBe(
    given,
  );
});

test("TRUSTED_PROXIES takes addresses, networks and Express's names", () => {
  expect(
    readConfig({ TRUSTED_PROXIES: "10.0.0.0/8, ::1,fd00::/8 , loopback" }).trustedProxies,
  ).toEqual(["10.0.0.0/8", "::1", "fd00::/8", "loopback"]);
});
