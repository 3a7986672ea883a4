import { resolve } from "node:path";
import { auditSettings, type AuditSettings } from "../audit/checkpoints/audit-settings.ts";
import type { S3Location } from "../db/s3-client.ts";
import { ConfigError } from "../keys/environment/config-error.ts";
import { outgoingReach, type OutgoingReach } from "../keys/environment/outgoing-reach.ts";
import type { Environment } from "../keys/environment/parse-environment.ts";
import { authorityLocation } from "../keys/environment/authority-location.ts";
import { knownVariables } from "../keys/environment/known-variables.ts";
import { readVariables, type Variables } from "../keys/environment/variables.ts";
import { readKmsSettings, type KmsSettings } from "../keys/kms/kms-settings.ts";
import { runModeOf, type RunMode } from "../keys/run-mode.ts";
import { Secret } from "../keys/secret.ts";
import type { AuthorityLocation } from "../identity/authority/remote-authority.ts";
import {
  ledgerLocation,
  type LedgerLocation,
} from "../workflows/ledger/stores/open-ledger-store.ts";
import type { OpenConversationLimits } from "../policies/conversation-limits.ts";
import type { ConnectionLimits } from "./connection-limit.ts";
import type { HeldBytesLimits } from "./held-bytes.ts";
import type { ActRates } from "./http/act-limits.ts";
import type { Rate } from "./http/rate-limiter.ts";
import type { SignInRates } from "./http/sign-in-limits.ts";
import type { FrameRates } from "./socket/frame-limits.ts";
import type { ConversationRates, MessageRates } from "./socket/message-limits.ts";
import { connectionLimits, heldBytesLimits, uploadLimits } from "./limits.ts";

/** The validated configuration of the server. */
export interface Config extends SignInRates {
  /** The variables that are set, and their values. */
  readonly settings: readonly (readonly [name: string, value: Secret<string>])[];
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
  /** Where the key sets of customer tokens may be fetched from. */
  readonly outgoing: OutgoingReach;
  /** Proxies whose X-Forwarded-For header is trusted, for the limits per address. */
  readonly trustedProxies: readonly string[];
  /** Device registrations: attempts of a device key, and devices added to an account. */
  readonly registrationLimit: Rate;
  /** Prekey bundles, per requesting account and requested device. */
  readonly bundleLimit: Rate;
  /** Link requests, per key of the asking device. */
  readonly linkLimit: Rate;
  readonly messageRates: MessageRates;
  readonly conversationRates: ConversationRates;
  readonly openConversations: OpenConversationLimits;
  /** Audited requests over HTTP, per account. */
  readonly actRates: ActRates;
  readonly frameRates: FrameRates;
  /** The number of sockets that may wait for their welcome at once. */
  readonly waitingSockets: ConnectionLimits;
  /** Connections that are not WebSockets. Those of trusted proxies count for the node only. */
  readonly httpConnections: ConnectionLimits;
  /** Bytes of bodies and hellos that are not complete. */
  readonly heldBytes: HeldBytesLimits;
  readonly attachments: AttachmentStore;
  readonly audit: AuditSettings;
  /** How long backups of the keystore are kept, for certificates of erasure. */
  readonly keystoreBackupMs: number;
  /** Where the ledger of erasures is kept, outside the database. */
  readonly erasureLedger: LedgerLocation;
  /** The authority that is a process of its own. If undefined, it is in the server. */
  readonly authority: AuthorityLocation | undefined;
  /**
   * Time from the signal to stop until devices are told to go. A load balancer needs it to notice.
   */
  readonly shutdownDelayMs: number;
  /** Age at which an incomplete upload is removed. */
  readonly uploadLifetimeMs: number;
  /** Age at which an upload is removed if none of its bytes have arrived. */
  readonly emptyUploadLifetimeMs: number;
}

const DAY_MS = 86_400_000;

/** The location of the ciphertext of attachments. */
export type AttachmentStore =
  { readonly kind: "directory"; readonly folder: string } | ({ readonly kind: "s3" } & S3Location);

/**
 * Reads the configuration from `environment`.
 * @throws ConfigError, as `parseEnvironment`
 */
export function readConfig(environment: Environment): Config {
  const values = readVariables(environment);
  const mode = runModeOf(values);
  const production = mode === "production";
  const home = resolve(values.SEALDESK_HOME);
  refuseUnusable(values);
  const secret = (value: string | undefined) =>
    value === undefined ? undefined : new Secret(value);
  return {
    settings: settingsIn(environment),
    mode,
    host: values.HOST,
    port: Number(values.PORT),
    publicUrl: values.PUBLIC_URL,
    home,
    databaseUrl: secret(values.DATABASE_URL),
    databaseOwnerUrl: secret(values.DATABASE_OWNER_URL ?? values.DATABASE_URL),
    keystoreUrl: secret(values.KEYSTORE_URL),
    keystoreOwnerUrl: secret(values.KEYSTORE_OWNER_URL ?? values.KEYSTORE_URL),
    redisUrl: secret(values.REDIS_URL),
    kms: readKmsSettings(environment, { home, production }),
    logLevel: values.LOG_LEVEL,
    metrics:
      values.METRICS_PORT === undefined
        ? undefined
        : { host: values.METRICS_HOST, port: Number(values.METRICS_PORT) },
    traces:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : {
            endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ""),
            ratio: Number(values.OTEL_TRACES_SAMPLER_ARG),
          },
    outgoing: outgoingReach(values),
    trustedProxies: values.TRUSTED_PROXIES?.split(",").map((each) => each.trim()) ?? [],
    networkSignInLimit: values.SIGN_IN_NETWORK_LIMIT,
    signInLimit: values.SIGN_IN_ACCOUNT_LIMIT,
    sessionLimit: values.SESSION_LIMIT,
    anonymousNetworkLimit: values.ANONYMOUS_NETWORK_LIMIT,
    anonymousTenantLimit: values.ANONYMOUS_TENANT_LIMIT,
    registrationLimit: values.REGISTRATION_LIMIT,
    linkLimit: values.LINK_LIMIT,
    bundleLimit: values.BUNDLE_LIMIT,
    waitingSockets: connectionLimits.waitingSockets,
    httpConnections: connectionLimits.http,
    heldBytes: heldBytesLimits,
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
    actRates: {
      tenant: values.TENANT_REQUEST_LIMIT,
      customer: values.REQUEST_LIMIT,
      staff: values.STAFF_REQUEST_LIMIT,
    },
    frameRates: {
      frames: values.ACCOUNT_FRAME_LIMIT,
      bytes: values.ACCOUNT_BYTE_LIMIT,
      tenantBytes: values.TENANT_BYTE_LIMIT,
    },
    attachments: attachmentStore(values),
    audit: auditSettings(values, values.SEALDESK_HOME),
    erasureLedger: ledgerLocation(values, home),
    keystoreBackupMs: Number(values.KEYSTORE_BACKUP_DAYS) * DAY_MS,
    authority: authorityLocation(values),
    shutdownDelayMs:
      1000 * Number(values.SHUTDOWN_DELAY_SECONDS ?? (runModeOf(values) === "production" ? 3 : 0)),
    uploadLifetimeMs: uploadLimits.lifetimeMs,
    emptyUploadLifetimeMs: uploadLimits.emptyLifetimeMs,
  };
}

const settingsIn = (environment: Environment): Config["settings"] =>
  knownVariables.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [[name, new Secret(value)] as const];
  });

function attachmentStore(values: Variables): AttachmentStore {
  const bucket = values.ATTACHMENTS_S3_BUCKET;
  if (bucket === undefined)
    return { kind: "directory", folder: resolve(values.SEALDESK_HOME, "attachments") };
  const { ATTACHMENTS_S3_REGION: region, ATTACHMENTS_S3_ENDPOINT: endpoint } = values;
  return { kind: "s3", bucket, region, endpoint };
}

function refuseUnusable(values: Variables): void {
  if (runModeOf(values) === "production" && values.PUBLIC_URL === undefined)
    throw new ConfigError(
      "PUBLIC_URL must be set in production, because device proofs are made for the URL that clients use.",
    );
  const sameHost = values.METRICS_HOST === values.HOST;
  if (sameHost && values.PORT !== "0" && Number(values.METRICS_PORT) === Number(values.PORT))
    throw new ConfigError("METRICS_PORT must differ from PORT, because both are on the same host.");
}
