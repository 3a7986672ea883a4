import { resolve } from "node:path";
import { z } from "zod";
import { auditSettings, type AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import { LogError } from "../audit/verify/log-error.ts";
import { parseWitnesses } from "../audit/witness/parse-witness.ts";
import { KeysError } from "../keys/keys-error.ts";
import { readKmsSettings, type KmsSettings } from "../keys/kms/kms-settings.ts";
import { runModeOf, type RunMode } from "../keys/run-mode.ts";
import { Secret } from "../keys/secret.ts";
import type { OpenConversationLimits } from "../policies/conversation-limits.ts";
import type { BucketRate } from "../policies/token-bucket.ts";
import type { ConnectionLimits } from "./connection-limit.ts";
import type { HeldBytesLimits } from "./held-bytes.ts";
import type { ActRates } from "./http/act-limits.ts";
import type { FrameRates } from "./socket/frame-limits.ts";
import type { ConversationRates, MessageRates } from "./socket/message-limits.ts";

const MEBIBYTE = 1024 * 1024;

/** The validated configuration of the server. */
export interface Config {
  readonly mode: RunMode;
  readonly host: string;
  /** 0 selects any free port. */
  readonly port: number;
  /** Without a slash at its end. If undefined, the address that the server listens on is used. */
  readonly publicUrl: string | undefined;
  /** Absolute path of SEALDESK_HOME. */
  readonly home: string;
  /** If undefined, the embedded database is used. */
  readonly databaseUrl: Secret<string> | undefined;
  /** For migrations. It equals `databaseUrl` unless configured. */
  readonly databaseOwnerUrl: Secret<string> | undefined;
  /** If undefined, the keystore is in the same database as the data. */
  readonly keystoreUrl: Secret<string> | undefined;
  /** For migrations of the keystore. It equals `keystoreUrl` unless configured. */
  readonly keystoreOwnerUrl: Secret<string> | undefined;
  /** If undefined, hints travel over the database, and each node has its own limits. */
  readonly redisUrl: Secret<string> | undefined;
  readonly kms: KmsSettings;
  readonly logLevel: "error" | "warn" | "info" | "debug";
  /** The address at which metrics are scraped. If undefined, no metrics are collected. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** The receiver of traces. If undefined, no traces are made. */
  readonly traces: { readonly endpoint: string; readonly ratio: number } | undefined;
  /** Proxies whose X-Forwarded-For header is trusted, for the limits per address. */
  readonly trustedProxies: readonly string[];
  /** Failed sign-ins of a network, not counting those of registered devices. */
  readonly networkSignInLimit: RateLimit;
  /** Failed sign-ins of an account: of each registered device, and of all others together. */
  readonly signInLimit: RateLimit;
  /** Opened sessions of an account: of each registered device, and of all others in a network. */
  readonly sessionLimit: RateLimit;
  /** Device registrations: attempts of a device key, and devices added to an account. */
  readonly registrationLimit: RateLimit;
  /** Prekey bundles, per requesting account and requested device. */
  readonly bundleLimit: RateLimit;
  /** Link requests, per key of the asking device. */
  readonly linkLimit: RateLimit;
  readonly messageRates: MessageRates;
  readonly conversationRates: ConversationRates;
  readonly openConversations: OpenConversationLimits;
  /** Audited requests over HTTP, per account. */
  readonly actRates: ActRates;
  readonly frameRates: FrameRates;
  /** How many sockets may wait for their welcome at once. */
  readonly waitingSockets: ConnectionLimits;
  /** Connections that are not WebSockets. Those of trusted proxies count for the node only. */
  readonly httpConnections: ConnectionLimits;
  /** Bytes of bodies and hellos that are not complete. */
  readonly heldBytes: HeldBytesLimits;
  readonly attachments: AttachmentStore;
  readonly audit: AuditSettings;
  /**
   * Time from the signal to stop until devices are told to go. A load balancer needs it to notice.
   */
  readonly shutdownDelayMs: number;
  /** Age at which an incomplete upload is removed. */
  readonly uploadLifetimeMs: number;
  /** Age at which an upload is removed if none of its bytes have arrived. */
  readonly emptyUploadLifetimeMs: number;
}

/** Where the ciphertext of attachments is stored. */
export type AttachmentStore =
  | { readonly kind: "directory"; readonly folder: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly region: string;
      /** If undefined, Amazon's endpoint is used. */
      readonly endpoint: string | undefined;
    };

/** Allows `burst` uses at once, then one more every `secondsPerFurther` seconds. */
export interface RateLimit {
  readonly burst: number;
  readonly secondsPerFurther: number;
}

/** The configuration cannot be used. The message names the variable and says what is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "invalid_config";
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");
const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).search === "";
const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\/./.test(text);

function isWitnesses(list: string): boolean {
  try {
    return parseWitnesses(list).length > 0;
  } catch (error) {
    if (error instanceof LogError) return false;
    throw error;
  }
}

const isRedisUrl = (text: string): boolean => /^rediss?:\/\/./.test(text) && URL.canParse(text);

const text = (rule: string, isValid: (value: string) => boolean = () => true) =>
  z.string().refine(isValid, rule);
const host = text("must be an address to listen on.", (name) => /^[\w.:-]+$/.test(name));
const port = text(
  "must be a number from 0 to 65535.",
  (number) => /^\d{1,5}$/.test(number) && Number(number) <= 65_535,
);
const databaseUrl = text("must be a URL that begins with postgresql://.", isPostgresUrl);
const bucketName = text("must be the name of a bucket.", (name) =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name),
);
/** Parses a rate such as "60,1": 60 at once, then 1 per second. */
const bucketRate = (standard: string) =>
  text(
    "must be two numbers over 0, separated by a comma: how many at once, and how many per second.",
    (rate) => /^[1-9]\d{0,8},(\d{1,9}(\.\d{1,3})?)$/.test(rate) && !/,0*(\.0*)?$/.test(rate),
  )
    .default(standard)
    .transform((rate): BucketRate => {
      const [burst = 1, perSecond = 1] = rate.split(",").map(Number);
      return { burst, perSecond };
    });

/** Parses a number of things. */
const count = (standard: string) =>
  text(
    "must be a number from 1 to 100000.",
    (number) => /^[1-9]\d{0,5}$/.test(number) && Number(number) <= 100_000,
  )
    .default(standard)
    .transform(Number);

/** The limits in memory use timers, which count at most 2^31 milliseconds. */
const MAX_LIMIT_SECONDS = 2_000_000;

/** Parses a limit such as "10,60": 10 at once, then one more every 60 seconds. */
const rateLimit = (standard: string) =>
  text(
    "must be two whole numbers over 0, separated by a comma: how many at once, and after how many seconds one more. Their product must be under 2000000.",
    (limit) =>
      /^[1-9]\d{0,6},[1-9]\d{0,6}$/.test(limit) &&
      limit.split(",").reduce((product, part) => product * Number(part), 1) < MAX_LIMIT_SECONDS,
  )
    .default(standard)
    .transform((limit): RateLimit => {
      const [burst = 1, secondsPerFurther = 1] = limit.split(",").map(Number);
      return { burst, secondsPerFurther };
    });

/**
 * The rule of each variable. The message of an issue continues a sentence that starts with the
 * variable's name.
 */
const environmentSchema = z.object({
  NODE_ENV: z
    .enum(["development", "production", "test"], "must be development, production or test.")
    .optional(),
  HOST: host.default("127.0.0.1"),
  PORT: port.default("8080"),
  PUBLIC_URL: text("must be an http or https URL without a query.", isHttpUrl).optional(),
  SEALDESK_HOME: text("must be the path of a folder.").default("./.sealdesk"),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  KEYSTORE_URL: databaseUrl.optional(),
  KEYSTORE_OWNER_URL: databaseUrl.optional(),
  REDIS_URL: text("must be a URL that begins with redis:// or rediss://.", isRedisUrl).optional(),
  ATTACHMENTS_S3_BUCKET: bucketName.optional(),
  ATTACHMENTS_S3_REGION: text("must be the name of a region.", (name) =>
    /^[a-z0-9-]+$/.test(name),
  ).default("us-east-1"),
  ATTACHMENTS_S3_ENDPOINT: text(
    "must be an http or https URL without a query.",
    isHttpUrl,
  ).optional(),
  AUDIT_ORIGIN: text(
    "must be a host without a scheme. It may have a port and a path.",
    (origin) => /^[a-z0-9][a-z0-9.:-]*(\/[a-z0-9.-]+)*$/.test(origin) && origin.length <= 100,
  ).optional(),
  AUDIT_CHECKPOINTS: text("must be the path of a folder.").optional(),
  AUDIT_CHECKPOINTS_S3_BUCKET: bucketName.optional(),
  AUDIT_CHECKPOINTS_RETAIN_DAYS: text("must be a number of days from 1 to 36500.", (days) =>
    /^[1-9]\d{0,4}$/.test(days),
  ).default("2192"),
  AUDIT_WITNESSES: text(
    "must be at most 16 different witnesses, separated by commas or spaces. Write each as key@URL, or as all:key@URL if it gets every log.",
    isWitnesses,
  ).optional(),
  LOG_LEVEL: z
    .enum(["error", "warn", "info", "debug"], "must be error, warn, info or debug.")
    .default("info"),
  METRICS_HOST: host.default("127.0.0.1"),
  METRICS_PORT: port.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: text(
    "must be an http or https URL without a query.",
    isHttpUrl,
  ).optional(),
  OTEL_TRACES_SAMPLER_ARG: text(
    "must be a number from 0 to 1.",
    (ratio) => /^\d*\.?\d+$/.test(ratio) && Number(ratio) <= 1,
  ).default("1"),
  SHUTDOWN_DELAY_SECONDS: text(
    "must be a number of seconds from 0 to 300.",
    (seconds) => /^\d{1,3}(\.\d{1,3})?$/.test(seconds) && Number(seconds) <= 300,
  ).optional(),
  TRUSTED_PROXIES: text("must be a list of addresses or networks, separated by commas.", (list) =>
    /^[\w.:/-]+(\s*,\s*[\w.:/-]+)*$/.test(list),
  ).optional(),
  REQUEST_LIMIT: bucketRate("600,0.2"),
  STAFF_REQUEST_LIMIT: bucketRate("6000,2"),
  SIGN_IN_NETWORK_LIMIT: rateLimit("500,2"),
  SIGN_IN_ACCOUNT_LIMIT: rateLimit("10,60"),
  SESSION_LIMIT: rateLimit("120,5"),
  REGISTRATION_LIMIT: rateLimit("5,60"),
  LINK_LIMIT: rateLimit("5,60"),
  BUNDLE_LIMIT: rateLimit("6,600"),
  MESSAGE_LIMIT: bucketRate("60,1"),
  STAFF_MESSAGE_LIMIT: bucketRate("60,10"),
  ACCOUNT_MESSAGE_LIMIT: bucketRate("600,50"),
  TENANT_MESSAGE_LIMIT: bucketRate("100000,10000"),
  CONVERSATION_LIMIT: bucketRate("20,0.05"),
  TENANT_CONVERSATION_LIMIT: bucketRate("1000,50"),
  OPEN_CONVERSATIONS_PER_CUSTOMER: count("50"),
  OPEN_CONVERSATIONS_PER_MEMBER: count("50000"),
  ACCOUNT_FRAME_LIMIT: bucketRate("4000,1000"),
  ACCOUNT_BYTE_LIMIT: bucketRate("8388608,1048576"),
});

/**
 * Reads the configuration from `environment`. An empty variable counts as unset.
 * @throws ConfigError
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${String(issue?.path[0])} ${issue?.message}`);
  }
  const values = parsed.data;
  refuseInProduction(values);
  const secret = (value: string | undefined) =>
    value === undefined ? undefined : new Secret(value);
  return {
    mode: runModeOf(values),
    host: values.HOST,
    port: Number(values.PORT),
    publicUrl: values.PUBLIC_URL === undefined ? undefined : withoutSlash(values.PUBLIC_URL),
    home: resolve(values.SEALDESK_HOME),
    databaseUrl: secret(values.DATABASE_URL),
    databaseOwnerUrl: secret(values.DATABASE_OWNER_URL ?? values.DATABASE_URL),
    keystoreUrl: secret(values.KEYSTORE_URL),
    keystoreOwnerUrl: secret(values.KEYSTORE_OWNER_URL ?? values.KEYSTORE_URL),
    redisUrl: secret(values.REDIS_URL),
    kms: kmsSettings(environment, values),
    logLevel: values.LOG_LEVEL,
    metrics:
      values.METRICS_PORT === undefined
        ? undefined
        : { host: values.METRICS_HOST, port: Number(values.METRICS_PORT) },
    traces:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : {
            endpoint: withoutSlash(values.OTEL_EXPORTER_OTLP_ENDPOINT),
            ratio: Number(values.OTEL_TRACES_SAMPLER_ARG),
          },
    trustedProxies: values.TRUSTED_PROXIES?.split(/\s*,\s*/) ?? [],
    networkSignInLimit: values.SIGN_IN_NETWORK_LIMIT,
    signInLimit: values.SIGN_IN_ACCOUNT_LIMIT,
    sessionLimit: values.SESSION_LIMIT,
    registrationLimit: values.REGISTRATION_LIMIT,
    linkLimit: values.LINK_LIMIT,
    bundleLimit: values.BUNDLE_LIMIT,
    // This is enough for thousands of devices that reconnect at one moment, even from one network.
    waitingSockets: { perNode: 10_000, perNetwork: 6_000 },
    httpConnections: { perNode: 20_000, perNetwork: 6_000 },
    heldBytes: {
      network: 2 * MEBIBYTE,
      strangers: 64 * MEBIBYTE,
      // An upload to S3 keeps a part of 8 MiB.
      account: 20 * MEBIBYTE,
      tenant: 192 * MEBIBYTE,
      node: 512 * MEBIBYTE,
    },
    messageRates: {
      device: values.MESSAGE_LIMIT,
      staffDevice: values.STAFF_MESSAGE_LIMIT,
      account: values.ACCOUNT_MESSAGE_LIMIT,
      tenant: values.TENANT_MESSAGE_LIMIT,
    },
    conversationRates: {
      customer: values.CONVERSATION_LIMIT,
      tenant: values.TENANT_CONVERSATION_LIMIT,
    },
    openConversations: {
      perCustomer: values.OPEN_CONVERSATIONS_PER_CUSTOMER,
      perMember: values.OPEN_CONVERSATIONS_PER_MEMBER,
    },
    actRates: { customer: values.REQUEST_LIMIT, staff: values.STAFF_REQUEST_LIMIT },
    frameRates: { frames: values.ACCOUNT_FRAME_LIMIT, bytes: values.ACCOUNT_BYTE_LIMIT },
    attachments: attachmentStore(values),
    audit: auditSettings((name) => given[name], values.SEALDESK_HOME),
    shutdownDelayMs:
      1000 * Number(values.SHUTDOWN_DELAY_SECONDS ?? (runModeOf(values) === "production" ? 3 : 0)),
    uploadLifetimeMs: 24 * 3_600_000,
    emptyUploadLifetimeMs: 3_600_000,
  };
}

function kmsSettings(
  environment: Readonly<Record<string, string | undefined>>,
  values: z.output<typeof environmentSchema>,
): KmsSettings {
  const production = runModeOf(values) === "production";
  try {
    return readKmsSettings(environment, { home: resolve(values.SEALDESK_HOME), production });
  } catch (cause) {
    throw cause instanceof KeysError ? new ConfigError(cause.message, { cause }) : cause;
  }
}

function attachmentStore(values: z.output<typeof environmentSchema>): AttachmentStore {
  const bucket = values.ATTACHMENTS_S3_BUCKET;
  if (bucket === undefined)
    return { kind: "directory", folder: resolve(values.SEALDESK_HOME, "attachments") };
  const { ATTACHMENTS_S3_REGION: region, ATTACHMENTS_S3_ENDPOINT: endpoint } = values;
  return { kind: "s3", bucket, region, endpoint };
}

function refuseInProduction(values: z.output<typeof environmentSchema>): void {
  if (values.NODE_ENV === "production" && values.DATABASE_URL === undefined)
    throw new ConfigError(
      "DATABASE_URL must be set in production, because the embedded database does not run there.",
    );
}
