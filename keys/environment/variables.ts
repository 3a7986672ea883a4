import { z } from "zod";
import { parseSinks } from "../../audit/sinks/parse-sinks.ts";
import { originOf, witnessesOfEveryLog } from "../../audit/checkpoints/audit-settings.ts";
import { runModeOf } from "../run-mode.ts";
import { ConfigError } from "./config-error.ts";
import { parseEnvironment, type Environment } from "./parse-environment.ts";
import * as rule from "./rules.ts";

/** The rule of each variable but those of the key service, which are in `kms-settings.ts`. */
const schema = z.object({
  NODE_ENV: z
    .enum(["development", "production", "test"], "must be development, production or test.")
    .optional(),
  HOST: rule.host.default("127.0.0.1"),
  PORT: rule.port.default("8080"),
  PUBLIC_URL: rule.httpUrl.transform(normalUrl).optional(),
  SEALDESK_HOME: rule.path("folder").default("./.sealdesk"),
  OUTGOING_NETWORKS: rule.addressRanges.optional(),
  DATABASE_URL: rule.databaseUrl.optional(),
  DATABASE_OWNER_URL: rule.databaseUrl.optional(),
  KEYSTORE_URL: rule.databaseUrl.optional(),
  KEYSTORE_OWNER_URL: rule.databaseUrl.optional(),
  REDIS_URL: rule.redisUrl.optional(),
  ATTACHMENTS_S3_BUCKET: rule.bucketName.optional(),
  ATTACHMENTS_S3_REGION: rule
    .text("must be the name of a region.", (name) => /^[a-z0-9-]+$/.test(name))
    .default("us-east-1"),
  ATTACHMENTS_S3_ENDPOINT: rule.httpUrl.optional(),
  AUDIT_ORIGIN: rule
    .text(
      "must be a host without a scheme, with or without a port and a path.",
      (origin) => /^[a-z0-9][a-z0-9.:-]*(\/[a-z0-9.-]+)*$/.test(origin) && origin.length <= 100,
    )
    .optional(),
  AUDIT_CHECKPOINTS: rule.path("folder").optional(),
  AUDIT_CHECKPOINTS_S3_BUCKET: rule.bucketName.optional(),
  AUDIT_CHECKPOINTS_RETAIN_DAYS: rule.days.default("2192"),
  KEYSTORE_BACKUP_DAYS: rule.days.default("30"),
  ERASURE_LEDGER: rule.path("folder").optional(),
  ERASURE_LEDGER_S3_BUCKET: rule.bucketName.optional(),
  ERASURE_LEDGER_RETAIN_DAYS: rule.days.default("3653"),
  AUDIT_RESTORE_APPROVERS: rule.approvers.optional(),
  AUDIT_RETAIN_DAYS: rule.days.default("2192"),
  AUDIT_SINKS: rule.sinks.optional(),
  AUDIT_SINKS_CA: rule.path("file").optional(),
  AUDIT_SINKS_RETAIN_DAYS: rule.days.default("2192"),
  AUDIT_SINK_QUORUM: rule
    .text("must be a number of sinks from 0 to 8.", (count) => /^[0-8]$/.test(count))
    .default("0"),
  AUDIT_WITNESSES: rule.witnesses.optional(),
  AUDIT_WITNESS_QUORUM: rule
    .text("must be a number of witnesses from 0 to 16.", (count) => /^(\d|1[0-6])$/.test(count))
    .default("0"),
  AUTHORITY_SECRET: rule.authoritySecret.optional(),
  AUTHORITY_URL: rule.httpUrl.optional(),
  LOG_LEVEL: z
    .enum(["error", "warn", "info", "debug"], "must be error, warn, info or debug.")
    .default("info"),
  METRICS_HOST: rule.host.default("127.0.0.1"),
  METRICS_PORT: rule.port.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: rule.httpUrl.optional(),
  OTEL_TRACES_SAMPLER_ARG: rule
    .text(
      "must be a number from 0 to 1.",
      (ratio) => /^\d*\.?\d+$/.test(ratio) && Number(ratio) <= 1,
    )
    .default("1"),
  SHUTDOWN_DELAY_SECONDS: rule
    .text(
      "must be a number of seconds from 0 to 300.",
      (seconds) => /^\d{1,3}(\.\d{1,3})?$/.test(seconds) && Number(seconds) <= 300,
    )
    .optional(),
  TRUSTED_PROXIES: rule.networks.optional(),
  MESSAGE_LIMIT: rule.bucketRate("60,1"),
  STAFF_MESSAGE_LIMIT: rule.bucketRate("60,10"),
  ACCOUNT_MESSAGE_LIMIT: rule.bucketRate("600,50"),
  TENANT_MESSAGE_LIMIT: rule.bucketRate("100000,10000"),
  ACCOUNT_FRAME_LIMIT: rule.bucketRate("4000,1000"),
  ACCOUNT_BYTE_LIMIT: rule.bucketRate("8388608,1048576"),
  TENANT_BYTE_LIMIT: rule.bucketRate("838860800,104857600"),
  REQUEST_LIMIT: rule.bucketRate("600,0.2"),
  STAFF_REQUEST_LIMIT: rule.bucketRate("6000,2"),
  TENANT_REQUEST_LIMIT: rule.bucketRate("60000,500"),
  CONVERSATION_LIMIT: rule.bucketRate("20,0.05"),
  TENANT_CONVERSATION_LIMIT: rule.bucketRate("1000,50"),
  OPEN_CONVERSATIONS_PER_CUSTOMER: rule.count("50"),
  OPEN_CONVERSATIONS_PER_MEMBER: rule.count("50000"),
  SIGN_IN_NETWORK_LIMIT: rule.rateLimit("500,2"),
  SIGN_IN_ACCOUNT_LIMIT: rule.rateLimit("10,60"),
  ANONYMOUS_NETWORK_LIMIT: rule.rateLimit("20,60"),
  ANONYMOUS_TENANT_LIMIT: rule.rateLimit("1000,1"),
  SESSION_LIMIT: rule.rateLimit("120,5"),
  REGISTRATION_LIMIT: rule.rateLimit("5,60"),
  LINK_LIMIT: rule.rateLimit("5,60"),
  BUNDLE_LIMIT: rule.rateLimit("6,600"),
});

export type Variables = z.output<typeof schema>;

/**
 * The values of `environment`, checked. The server and the commands read them alike.
 * @throws ConfigError, as `parseEnvironment`
 */
export function readVariables(environment: Environment): Variables {
  const values = parseEnvironment(schema, environment);
  if (runModeOf(values) === "production" && values.DATABASE_URL === undefined)
    throw new ConfigError(
      "DATABASE_URL must be set in production, because the embedded database does not run there.",
    );
  if (values.AUDIT_ORIGIN === undefined && originOf(values.PUBLIC_URL) === undefined)
    throw new ConfigError(
      "AUDIT_ORIGIN must be set, because the host in PUBLIC_URL cannot be the name of an audit log.",
    );
  const { AUDIT_WITNESS_QUORUM: quorum } = values;
  if (Number(quorum) > witnessesOfEveryLog(values.AUDIT_WITNESSES).length)
    throw new ConfigError(
      `AUDIT_WITNESS_QUORUM must be at most the number of witnesses in AUDIT_WITNESSES that have all: before them, or no log is ever published.`,
    );
  if (Number(values.AUDIT_SINK_QUORUM) > (parseSinks(values.AUDIT_SINKS ?? "") ?? []).length)
    throw new ConfigError(
      "AUDIT_SINK_QUORUM must be at most the number of sinks in AUDIT_SINKS, or every act is refused.",
    );
  return values;
}

/**
 * Returns the URL as browsers write it: in lower case, without a default port and without a slash
 * at its end.
 */
function normalUrl(url: string): string {
  return new URL(url).href.replace(/\/+$/, "");
}
