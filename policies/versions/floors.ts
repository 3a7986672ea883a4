import type { MongoQuery } from "@casl/ability";
import type { Role } from "../roles.ts";
import type { ActionsOf, Resource } from "../rules/default-rules.ts";
import { listedStaff } from "../rules/reading.ts";

/**
 * How far a version of a policy may go for an action.
 * - "fixed": no version changes the default rules about it.
 * - "narrow": a version may switch a default rule off, or put a narrower one in its place.
 * - a list of roles: a version may also allow the action to these roles, under the conditions of the floor.
 */
export type Floor =
  | "fixed"
  | "narrow"
  | {
      readonly roles: readonly Role[];
      readonly device?: "registered";
      readonly conditions?: MongoQuery;
    };

const reading = {
  roles: ["supervisor", "admin", "auditor", "compliance_officer", "privacy_officer"],
} as const;

/** An act on the devices of others. */
const removing = {
  roles: ["supervisor", "compliance_officer", "admin"],
  device: "registered",
} as const;

/**
 * The floor of each action. Every rule holds within its tenant, whatever a version says. Five more things
 * hold for every version:
 * - What devices check in signed acts, and what content is shown to whom, can only be narrowed.
 * - An auditor only reads.
 * - An admin reads no conversation, and neither do a moderator and a privacy officer.
 * - An archiver only receives.
 * - Nobody gets a right over the policy by a version of it.
 */
export const floors: { readonly [R in Resource]: Readonly<Record<ActionsOf[R], Floor>> } = {
  conversation: {
    create: "narrow",
    read: "narrow",
    read_members: { roles: ["agent", "supervisor", "bot", "auditor", "compliance_officer"] },
    download: "narrow",
    read_links: "narrow",
    add_member: "narrow",
    remove_member: "narrow",
    close: "narrow",
    post: "narrow",
    upload: "narrow",
    grant_history: "narrow",
    // Otherwise a customer could not take a consent back.
    change_consent: "fixed",
  },
  // A frame has no transaction in which the version could be read. Membership decides, and for a message
  // the rule `conversation.write`.
  relay: { receive: "fixed", acknowledge: "fixed", signal: "fixed", post: "fixed" },
  upload: { continue: "narrow", terminate: "narrow", share: "narrow" },
  directory: {
    read_devices: { roles: ["agent", "supervisor", "bot", ...reading.roles] },
    take_bundle: "narrow",
    publish_prekeys: "narrow",
    // Otherwise nobody could remove a device of their own that is in the hands of a thief.
    renew_list: "fixed",
    revoke_device: removing,
    reset_account: { ...removing, conditions: { user: { $ne: "$actor.user" } } },
  },
  link: {
    request: "narrow",
    read: "narrow",
    approve: "narrow",
    refuse: "narrow",
    withdraw: "narrow",
  },
  audit_log: { read: reading },
  account_names: { read: reading },
  disclosures: { read: reading },
  // An act could otherwise be hidden from the officers.
  alerts: { read: "fixed", acknowledge: "fixed", read_webhook: "fixed", set_webhook: "fixed" },
  // Otherwise a version could let one person alone open a conversation.
  approvals: { read: "fixed" },
  second_person: {
    request: "fixed",
    approve: "fixed",
    refuse: "fixed",
    withdraw: "fixed",
    read: "fixed",
  },
  break_glass: {
    request: "fixed",
    approve: "fixed",
    refuse: "fixed",
    end: "fixed",
    review: "fixed",
    read: "fixed",
  },
  // Otherwise a version could let one person alone end a hold.
  holds: {
    place: "fixed",
    review: "fixed",
    read: "fixed",
    release: "fixed",
    withdraw: "fixed",
    approve: "fixed",
    refuse: "fixed",
    attend: "fixed",
    answer: "fixed",
  },
  // Otherwise a version could take from people what the law gives them.
  cases: { read: "fixed", repeat: "fixed", acknowledge: "fixed" },
  // Otherwise a version could let one person alone shorten retention.
  retention: {
    read: "fixed",
    save: "fixed",
    withdraw: "fixed",
    approve: "fixed",
    refuse: "fixed",
    lock: "fixed",
    classify: "fixed",
  },
  requests: {
    open: "fixed",
    export: "fixed",
    open_for: "fixed",
    read: "fixed",
    extend: "fixed",
    decide: "fixed",
    withdraw: "fixed",
    renew_link: "fixed",
    open_by_email: "fixed",
    assign: "fixed",
    set_rules: "fixed",
    read_rules: "fixed",
  },
  // Otherwise officers could be kept from seeing that something is wrong.
  compliance: { read: "fixed" },
  // Otherwise a version could keep officers from containing a breach.
  breaches: { read: "fixed", open: "fixed", record: "fixed", contain: "fixed", close: "fixed" },
  // Otherwise a version could let one person alone ban somebody, or show reports to those whom they are about.
  reports: {
    submit: "fixed",
    read: "fixed",
    decide: "fixed",
    approve: "fixed",
    refuse: "fixed",
    withdraw: "fixed",
    count: "fixed",
    read_own: "fixed",
    appeal: "fixed",
    decide_appeal: "fixed",
  },
  erasures: {
    plan: "fixed",
    read: "fixed",
    begin: "fixed",
    withdraw: "fixed",
    read_consumers: "fixed",
    set_consumers: "fixed",
  },
  // Otherwise a version could show others what the law keeps from them.
  restrictions: { place: "fixed", lift: "fixed", read: "fixed", open: "fixed" },
  staff_list: { read: { ...reading, conditions: listedStaff } },
  // Without these, nobody could repair an account. The tenant's settings say what else is required.
  credentials: {
    change_password: "fixed",
    enrol_factor: "fixed",
    remove_factor: "fixed",
    reset_password: "fixed",
    reset_factor: "fixed",
    list_sessions: "fixed",
    end_session: "fixed",
    list_passkeys: "fixed",
    rename_passkey: "fixed",
  },
  // The scopes of an API key say what its program may do.
  administration: {
    read_staff: "fixed",
    create_staff: "fixed",
    set_role: "fixed",
    reset_account: "fixed",
    disable_account: "fixed",
    enable_account: "fixed",
    reset_password: "fixed",
    reset_factor: "fixed",
    read_settings: "fixed",
    change_customer_keys: "fixed",
    unrevoke_customer_keys: "fixed",
    change_origins: "fixed",
    scim: "fixed",
    change_settings: "fixed",
    change_sign_in: "fixed",
    change_identity_providers: "fixed",
    change_teams: "fixed",
    link_identity: "fixed",
  },
  // The operator's keys act for no tenant, so no tenant's policy is about them.
  tenants: {
    create_tenant: "fixed",
    read_tenant: "fixed",
    suspend_tenant: "fixed",
    resume_tenant: "fixed",
    set_limit: "fixed",
    require_consents: "fixed",
  },
  // Otherwise one person alone could publish a notice, or people would consent to what they cannot read.
  notices: {
    read: "fixed",
    show: "fixed",
    propose: "fixed",
    withdraw: "fixed",
    approve: "fixed",
    oversee: "fixed",
  },
  // Otherwise a customer could not take a consent back.
  consents: { change: "fixed", read: "fixed", oversee: "fixed" },
  policy: {
    explain: "fixed",
    explain_members: "fixed",
    read: "fixed",
    preview: "fixed",
    propose: "fixed",
    withdraw: "fixed",
    approve: "fixed",
  },
};

/** Returns the floor of an action of a resource; "fixed" for what does not exist. */
export function floorOf(resource: string, action: string): Floor {
  if (!Object.hasOwn(floors, resource)) return "fixed";
  const ofResource: Readonly<Record<string, Floor>> = floors[resource as Resource];
  return Object.hasOwn(ofResource, action) ? (ofResource[action] ?? "fixed") : "fixed";
}
