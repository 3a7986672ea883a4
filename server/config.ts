import { resolve } from "node:path";
import { z } from "zod";
import { Secret } from "../keys/secret.ts";

/** Everything the server is told from outside, checked. */
export interface Config {
  readonly mode: "development" | "production" | "test";
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Undefined: the address that the server turns out to listen on. No slash at its end. */
  readonly publicUrl: string | undefined;
  /** Absolute path of SEALDESK_HOME. */
  readonly home: string;
  /** Undefined: the embedded database. */
  readonly databaseUrl: Secret<string> | undefined;
  /** For migrations; the same as `databaseUrl` unless told apart. */
  readonly databaseOwnerUrl: Secret<string> | undefined;
  readonly keyringPassphrase: Secret<string> | undefined;
  readonly logLevel: "error" | "warn" | "info" | "debug";
  /** Where metrics are scraped; undefined: they are not collected. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Where traces are sent; undefined: none are made. */
  readonly traces: { readonly endpoint: string; readonly ratio: number } | undefined;
  /** Proxies whose X-Forwarded-For is believed, for the limits per address. */
  readonly trustedProxies: readonly string[];
  /** Tries at once, and seconds until each further one; per account and per address. */
  readonly signInLimit: RateLimit;
  /** Bundles at once, and seconds until each further one; per asking account and asked device. */
  readonly bundleLimit: RateLimit;
}

export interface RateLimit {
  readonly burst: number;
  readonly secondsPerFurther: number;
}

/** A configuration that cannot be used: one sentence that names the variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "invalid_config";
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");
const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).search === "";
const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\/./.test(text);

const text = (rule: string, isValid: (value: string) => boolean = () => true) =>
  z.string().refine(isValid, rule);
const host = text("must be an address to listen on.", (name) => /^[\w.:-]+$/.test(name));
const port = text(
  "must be a number from 0 to 65535.",
  (number) => /^\d{1,5}$/.test(number) && Number(number) <= 65_535,
);
const databaseUrl = text("must be a URL that begins with postgresql://.", isPostgresUrl);

/** Each variable's rule; an issue's message completes the sentence that the name begins. */
const environmentSchema = z.object({
  NODE_ENV: z
    .enum(["development", "production", "test"], "must be development, production or test.")
    .default("development"),
  HOST: host.default("127.0.0.1"),
  PORT: port.default("8080"),
  PUBLIC_URL: text("must be an http or https URL without a query.", isHttpUrl).optional(),
  SEALDESK_HOME: text("must be the path of a folder.").default("./.sealdesk"),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  SEALDESK_KEYRING_PASSPHRASE: text(
    "must have at least 12 characters.",
    (passphrase) => passphrase.length >= 12,
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
  TRUSTED_PROXIES: text("must be a list of addresses or networks, parted by commas.", (list) =>
    /^[\w.:/-]+(\s*,\s*[\w.:/-]+)*$/.test(list),
  ).optional(),
});

/**
 * The configuration that `environment` describes; an empty variable counts as not set.
 * @throws ConfigError
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).filter(([, value]) => value !== "");
  const parsed = environmentSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${String(issue?.path[0])} ${issue?.message}`);
  }
  const values = parsed.data;
  const secret = (value: string | undefined) =>
    value === undefined ? undefined : new Secret(value);
  const config: Config = {
    mode: values.NODE_ENV,
    host: values.HOST,
    port: Number(values.PORT),
    publicUrl: values.PUBLIC_URL === undefined ? undefined : withoutSlash(values.PUBLIC_URL),
    home: resolve(values.SEALDESK_HOME),
    databaseUrl: secret(values.DATABASE_URL),
    databaseOwnerUrl: secret(values.DATABASE_OWNER_URL ?? values.DATABASE_URL),
    keyringPassphrase: secret(values.SEALDESK_KEYRING_PASSPHRASE),
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
    signInLimit: { burst: 5, secondsPerFurther: 60 },
    bundleLimit: { burst: 6, secondsPerFurther: 600 },
  };
  refuseInProduction(config);
  return config;
}

function refuseInProduction({ mode, databaseUrl: url, keyringPassphrase }: Config): void {
  if (mode !== "production") return;
  if (url === undefined)
    throw new ConfigError(
      "DATABASE_URL must be set in production, where the embedded database does not run.",
    );
  if (keyringPassphrase === undefined)
    throw new ConfigError(
      "SEALDESK_KEYRING_PASSPHRASE must be set in production, where the keyring must be sealed.",
    );
}
