import type { Environment } from "./parse-environment.ts";

/** Every variable that the server and the commands read. A test compares the list with the code. */
export const knownVariables: readonly string[] = [
  "ACCOUNT_BYTE_LIMIT",
  "ACCOUNT_FRAME_LIMIT",
  "ACCOUNT_MESSAGE_LIMIT",
  "ANONYMOUS_NETWORK_LIMIT",
  "ANONYMOUS_TENANT_LIMIT",
  "ATTACHMENTS_S3_BUCKET",
  "ATTACHMENTS_S3_ENDPOINT",
  "ATTACHMENTS_S3_REGION",
  "AUDIT_CHECKPOINTS",
  "AUDIT_CHECKPOINTS_RETAIN_DAYS",
  "AUDIT_CHECKPOINTS_S3_BUCKET",
  "AUDIT_ORIGIN",
  "AUDIT_RESTORE_APPROVERS",
  "AUDIT_RETAIN_DAYS",
  "AUDIT_SINKS",
  "AUDIT_SINKS_CA",
  "AUDIT_SINKS_RETAIN_DAYS",
  "AUDIT_SINK_QUORUM",
  "AUDIT_WITNESSES",
  "AUDIT_WITNESS_QUORUM",
  "AUTHORITY_SECRET",
  "AUTHORITY_URL",
  "BUNDLE_LIMIT",
  "CONVERSATION_LIMIT",
  "DATABASE_OWNER_URL",
  "DATABASE_URL",
  "HOST",
  "KEYSTORE_OWNER_URL",
  "KEYSTORE_URL",
  "LINK_LIMIT",
  "LOG_LEVEL",
  "MESSAGE_LIMIT",
  "METRICS_HOST",
  "METRICS_PORT",
  "NODE_ENV",
  "OPEN_CONVERSATIONS_PER_CUSTOMER",
  "OPEN_CONVERSATIONS_PER_MEMBER",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_TRACES_SAMPLER_ARG",
  "OUTGOING_NETWORKS",
  "PORT",
  "PUBLIC_URL",
  "REDIS_URL",
  "REGISTRATION_LIMIT",
  "REQUEST_LIMIT",
  "SEALDESK_HOME",
  "SEALDESK_KEYRING_KEY_FILE",
  "SEALDESK_KEYRING_PASSPHRASE",
  "SEALDESK_KMS",
  "SEALDESK_PKCS11_LIBRARY",
  "SEALDESK_PKCS11_PIN",
  "SEALDESK_PKCS11_TOKEN",
  "SESSION_LIMIT",
  "SHUTDOWN_DELAY_SECONDS",
  "SIGN_IN_ACCOUNT_LIMIT",
  "SIGN_IN_NETWORK_LIMIT",
  "STAFF_MESSAGE_LIMIT",
  "STAFF_REQUEST_LIMIT",
  "TENANT_CONVERSATION_LIMIT",
  "TENANT_MESSAGE_LIMIT",
  "TENANT_REQUEST_LIMIT",
  "TRUSTED_PROXIES",
  "VAULT_ADDR",
  "VAULT_CACERT",
  "VAULT_NAMESPACE",
  "VAULT_ROLE_ID",
  "VAULT_SECRET_ID",
  "VAULT_TOKEN",
  "VAULT_TRANSIT_MOUNT",
];

/** Variables that docker-compose.yml takes from the same `.env`. */
export const composeVariables: readonly string[] = ["POSTGRES_PASSWORD", "SERVER_PASSWORD"];

/** Names that a service called "sealdesk" adds to the environment of every container in Kubernetes. */
const FROM_KUBERNETES = /^SEALDESK(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_.*)?)$/;

/** Names in the environment that begin with SEALDESK_ and that nothing reads. */
export const unknownSealdeskVariables = (environment: Environment): readonly string[] =>
  Object.keys(environment).filter(
    (name) =>
      name.startsWith("SEALDESK_") && !knownVariables.includes(name) && !FROM_KUBERNETES.test(name),
  );
