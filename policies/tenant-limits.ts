import { parseRate, type BucketRate } from "./token-bucket.ts";

/**
 * The limits that an operator sets for one tenant, by the name of their column in `sealdesk.tenants`. A `rate` and a number
 * of `places` hold on each node, in place of what the node permits every tenant. The others bound what is stored, and
 * have these values at first.
 */
export const tenantLimits = {
  tenant_request_limit: { kind: "rate" },
  tenant_message_limit: { kind: "rate" },
  tenant_conversation_limit: { kind: "rate" },
  tenant_byte_limit: { kind: "rate" },
  tenant_socket_limit: { kind: "places", most: 1_000_000 },
  message_customer_day_count: stored(20_000),
  message_customer_day_bytes: stored(256 * 2 ** 20),
  message_staff_day_count: stored(500_000),
  message_staff_day_bytes: stored(4 * 2 ** 30),
  message_tenant_count: stored(1_000_000_000),
  message_tenant_bytes: stored(2 ** 40),
  attachment_max_bytes: { kind: "stored", most: 2 ** 40, standard: 100 * 2 ** 20 },
  attachment_conversation_bytes: stored(2 * 2 ** 30),
  attachment_account_count: stored(20_000),
  attachment_account_bytes: stored(5 * 2 ** 30),
  attachment_tenant_count: stored(5_000_000),
  attachment_tenant_bytes: stored(100 * 2 ** 30),
  upload_account_count: stored(32),
  upload_account_bytes: stored(2 ** 30),
} as const satisfies Readonly<Record<string, TenantLimit>>;

type TenantLimit =
  | { readonly kind: "rate" }
  | { readonly kind: "places"; readonly most: number }
  | { readonly kind: "stored"; readonly most: number; readonly standard: number };

export type TenantLimitName = keyof typeof tenantLimits;
export const tenantLimitNames = Object.keys(tenantLimits) as readonly TenantLimitName[];

/** Values of limits as text, as an operator writes them. A limit that is missing has its first value. */
export type SetLimits = Readonly<Partial<Record<TenantLimitName, string>>>;

/** What a node permits one tenant, as far as an operator has set it. */
export interface NodeLimits {
  readonly requests?: BucketRate | undefined;
  readonly messages?: BucketRate | undefined;
  readonly conversations?: BucketRate | undefined;
  readonly bytes?: BucketRate | undefined;
  readonly sockets?: number | undefined;
}

/** Returns what a node permits this tenant now. */
export type LimitsOf = (tenant: string) => NodeLimits;

/** Returns the limits of a node among those that are set. */
export const nodeLimits = (set: SetLimits): NodeLimits => ({
  requests: parseRate(set.tenant_request_limit),
  messages: parseRate(set.tenant_message_limit),
  conversations: parseRate(set.tenant_conversation_limit),
  bytes: parseRate(set.tenant_byte_limit),
  sockets: set.tenant_socket_limit === undefined ? undefined : Number(set.tenant_socket_limit),
});

/** Returns why a text is no value of a limit, as the end of a sentence; undefined if it is one. */
export function faultOfLimit(name: TenantLimitName, text: string): string | undefined {
  const limit = tenantLimits[name];
  if (limit.kind === "rate")
    return parseRate(text) === undefined
      ? "two numbers over 0, separated by a comma: how many at once, and how many per second"
      : undefined;
  const isWithin = /^[1-9]\d{0,15}$/.test(text) && Number(text) <= limit.most;
  return isWithin ? undefined : `a whole number from 1 to ${limit.most}`;
}

/** Leaves out what has its first value. */
export const changedLimits = (set: SetLimits): SetLimits =>
  Object.fromEntries(
    tenantLimitNames.flatMap((name) => {
      const [value, limit] = [set[name], tenantLimits[name]];
      const isFirst = limit.kind === "stored" && value === String(limit.standard);
      return value === undefined || isFirst ? [] : [[name, value]];
    }),
  );

function stored<const N extends number>(standard: N) {
  return { kind: "stored", most: Number.MAX_SAFE_INTEGER, standard } as const;
}
