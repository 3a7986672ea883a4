import { z } from "zod";
import { parseEntry, type LoggedEntry } from "../../audit/export/entry-filter.ts";
import { isId, type UserId } from "../../crypto/wire/ids.ts";
import { IDLE_MINUTES } from "../../policies/idle-log-off.ts";
import { isStaff, roles, type Role } from "../../policies/actor.ts";
import { requiredByDefault } from "../accounts/require-consents.ts";
import { ActingKeys } from "./acting-keys.ts";
import { actingKeyOf, actionOf, isByCustomer } from "./action-of.ts";
import type { Recorded } from "./difference.ts";
import { RecordedRows, saysRows } from "./recorded-rows.ts";
import { RecordedSessions, saysSessions } from "./recorded-sessions.ts";
import type { ReplayedState } from "./replay.ts";
import { apiKeyLabel, keyLabel, limitWords, type SettingColumn } from "./setting-columns.ts";

const roleDetails = z.looseObject({ role: z.enum(roles) });
const keyDetails = z.looseObject({
  keys: z.array(z.looseObject({ kid: z.string(), alg: z.string(), thumbprint: z.string() })),
});
const jwksDetails = z.looseObject({ jwksUrl: z.string() });
const revokedDetails = z.looseObject({ revoked: z.array(z.string()) });
const apiKeyDetails = z.looseObject({
  apiKeys: z.array(
    z.looseObject({
      id: z.string(),
      scopes: z.array(z.string()),
      secretHash: z.string(),
      expiresAtMs: z.number(),
    }),
  ),
});
const factorDetails = z.looseObject({ roles: z.array(z.string()) });
const purposeDetails = z.looseObject({ reads: z.array(z.string()), codes: z.array(z.string()) });
const accountingDetails = z.looseObject({ operations: z.boolean() });
const consentDetails = z.looseObject({ purposes: z.array(z.string()) });
const limitDetails = z.looseObject({ limits: z.record(z.string(), z.string()) });
const minuteDetails = z.looseObject({ minutes: z.number() });
const removedKeyDetails = z.looseObject({ key: z.string() });
const originDetails = z.looseObject({ origins: z.array(z.string()) });

/** The actions whose entries say the role of an account. */
const accountActions = ["user.create", "user.set_role"] as const;

/**
 * The accounts of staff, their roles, credentials and sessions, and the settings of one tenant, as its audit log says. Customers
 * are left out, because there may be millions and their role permits least.
 */
export class RecordedState implements ReplayedState<RecordedState> {
  readonly staff: Map<UserId, Recorded>;
  readonly settings: Map<SettingColumn, Recorded>;
  readonly rows: RecordedRows;
  readonly sessions: RecordedSessions;
  readonly keys: ActingKeys;
  prunedBeforeMs: number | undefined;

  constructor(from?: RecordedState) {
    this.staff = new Map(from?.staff);
    this.settings = new Map(from?.settings);
    this.rows = new RecordedRows(from?.rows);
    this.sessions = new RecordedSessions(from?.sessions);
    this.keys = new ActingKeys(from?.keys);
    this.prunedBeforeMs = from?.prunedBeforeMs;
  }

  copy(): RecordedState {
    return new RecordedState(this);
  }

  /** Entries that failed or were refused changed nothing. */
  add(bytes: Uint8Array, index: number | undefined): void {
    const action = actionOf(bytes);
    const isAccount =
      action !== undefined && (accountActions as readonly string[]).includes(action);
    const key = actingKeyOf(bytes);
    const isSetting = action?.startsWith("tenant.") === true;
    const isOfRow = action !== undefined && saysRows(action);
    const isOfSession = action !== undefined && saysSessions(action) && !isByCustomer(bytes);
    if (!isAccount && !isSetting && !isOfRow && !isOfSession && key === undefined) return;
    const entry = parseEntry(bytes);
    if (entry?.outcome !== "success") return;
    this.#apply(entry, index);
    this.rows.add(entry, index);
    this.sessions.add(entry, index);
    const isPruned = this.prunedBeforeMs !== undefined;
    if (key !== undefined) this.keys.act(key, { atMs: entry.occurredAtMs, index, isPruned });
  }

  #apply(
    { action, resource, occurredAtMs, details = {} }: LoggedEntry,
    index: number | undefined,
  ): void {
    const set = (column: SettingColumn, values: readonly string[]) =>
      this.settings.set(column, { values: values.toSorted(), index });
    const { data: origins } = originDetails.safeParse(details);
    const { data: keys } = keyDetails.safeParse(details);
    const { data: jwks } = jwksDetails.safeParse(details);
    const { data: api } = apiKeyDetails.safeParse(details);
    const { data: revoked } = revokedDetails.safeParse(details);
    switch (action) {
      case "user.create":
      case "user.set_role":
        if (isId<UserId>(resource.id))
          this.#setRole(resource.id, roleDetails.safeParse(details).data?.role, index);
        return;
      case "tenant.create":
        set("suspended_at_ms", []);
        set("staff_history_grants", []);
        set("anonymous_customers", []);
        set("customer_jwks_url", []);
        set("revoked_customer_kids", []);
        set("api_keys", []);
        set("second_factor_roles", []);
        set("idle_log_off_minutes", [String(IDLE_MINUTES.default)]);
        set("purpose_reads", []);
        set("purpose_codes", []);
        set("accounting_operations", []);
        set("required_consents", requiredByDefault);
        set("revision_minutes", ["never"]);
        set("limits", []);
        break;
      case "tenant.set_second_factor":
        set("second_factor_roles", factorDetails.safeParse(details).data?.roles ?? []);
        break;
      case "tenant.set_idle_log_off":
        set("idle_log_off_minutes", [
          String(minuteDetails.safeParse(details).data?.minutes ?? "never"),
        ]);
        break;
      case "tenant.set_message_revisions":
        set("revision_minutes", [
          String(minuteDetails.safeParse(details).data?.minutes ?? "never"),
        ]);
        break;
      case "tenant.set_limit":
        set("limits", limitWords(limitDetails.safeParse(details).data?.limits ?? {}));
        break;
      case "tenant.set_accounting":
        set(
          "accounting_operations",
          accountingDetails.safeParse(details).data?.operations === true ? ["listed"] : [],
        );
        break;
      case "tenant.set_purpose_of_use": {
        const { data: purpose } = purposeDetails.safeParse(details);
        set("purpose_reads", purpose?.reads ?? []);
        set("purpose_codes", purpose?.codes ?? []);
        break;
      }
      case "tenant.require_consents":
        set("required_consents", consentDetails.safeParse(details).data?.purposes ?? []);
        break;
      case "tenant.remove_api_key":
        this.keys.remove(removedKeyDetails.safeParse(details).data?.key ?? "");
        break;
      case "tenant.remove_customer_jwks_url":
        set("customer_jwks_url", []);
        break;
      case "tenant.suspend":
        set("suspended_at_ms", ["suspended"]);
        break;
      case "tenant.resume":
        set("suspended_at_ms", []);
        break;
      case "tenant.allow_staff_grants":
        set("staff_history_grants", ["allowed"]);
        break;
      case "tenant.forbid_staff_grants":
        set("staff_history_grants", []);
        break;
      case "tenant.allow_anonymous_customers":
        set("anonymous_customers", ["allowed"]);
        break;
      case "tenant.forbid_anonymous_customers":
        set("anonymous_customers", []);
        break;
    }
    if (keys !== undefined) set("customer_keys", keys.keys.map(keyLabel));
    if (jwks !== undefined) set("customer_jwks_url", [jwks.jwksUrl]);
    if (revoked !== undefined) set("revoked_customer_kids", revoked.revoked);
    if (api !== undefined) {
      set("api_keys", api.apiKeys.map(apiKeyLabel));
      const ids = api.apiKeys.map(({ id }) => id);
      this.keys.list(ids, occurredAtMs);
    }
    if (origins !== undefined) set("origins", origins.origins);
  }

  #setRole(user: UserId, role: Role | undefined, index: number | undefined): void {
    if (role === undefined) return;
    if (isStaff(role)) this.staff.set(user, { values: [role], index });
    else this.staff.delete(user);
  }
}
