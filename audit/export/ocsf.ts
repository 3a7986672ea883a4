/** Entries as events of the Open Cybersecurity Schema Framework, 1.4. */
import type { LoggedEntry } from "./entry-filter.ts";

const VERSION = "1.4.0";
const OTHER = 99;
const ASSIGN_PRIVILEGES = 1;

interface EventClass {
  readonly category: 3 | 6;
  readonly uid: number;
}

const classes = {
  accountChange: { category: 3, uid: 3001 },
  authentication: { category: 3, uid: 3002 },
  userAccess: { category: 3, uid: 3005 },
  groupManagement: { category: 3, uid: 3006 },
  apiActivity: { category: 6, uid: 6003 },
  datastoreActivity: { category: 6, uid: 6005 },
} as const satisfies Record<string, EventClass>;

const severities = { success: 1, refused: 3, failed: 4, impaired: 5 } as const;
const authentications: Readonly<Record<string, number>> = {
  "session.create": 1,
  "session.revoke": 2,
  "session.renew": 3,
};
/** Acts on credentials, as activities of an account change. */
const credentials: Readonly<Record<string, number>> = {
  "user.change_password": 3,
  "user.set_password": 4,
  "user.reset_password": 4,
};
/** Acts that change who is a member of a conversation. To OCSF, its members are a group. */
const memberships: Readonly<Record<string, number>> = {
  "conversation.add_member": 3,
  "conversation.remove_member": 4,
};
const byClass = { C: 1, R: 2, U: 3, D: 4, E: OTHER } as const;
/** Resources whose stored data is read, unlike an account or a key. */
const stored = new Set(["conversation", "attachment", "audit-log"]);

/**
 * Describes an entry as an OCSF event.
 * @param origin the log's name, which is also the server's name
 */
export function ocsfEventOf(entry: LoggedEntry, index: number, origin: string) {
  const { kind, activity, fields } = classify(entry, origin);
  const { actor, session } = entry;
  const isSuccess = entry.outcome === "success";
  const user = userOf(entry);
  return {
    class_uid: kind.uid,
    category_uid: kind.category,
    activity_id: activity,
    ...(activity === OTHER && { activity_name: entry.action }),
    type_uid: kind.uid * 100 + activity,
    severity_id: severities[entry.outcome],
    time: entry.occurredAtMs,
    status_id: isSuccess ? 1 : 2,
    status: isSuccess ? "Success" : "Failure",
    ...(entry.reason !== undefined && { status_code: entry.reason }),
    message: entry.action,
    metadata: {
      version: VERSION,
      product: { name: "Sealdesk", vendor_name: "Sealdesk" },
      uid: entry.eventId,
      sequence: index,
      log_name: origin,
      tenant_uid: entry.tenant,
      ...(entry.requestId !== undefined && { correlation_uid: entry.requestId }),
    },
    actor: {
      user,
      ...(session !== undefined && { session: { uid: session } }),
    },
    src_endpoint:
      actor.kind === "user" ? { uid: actor.device ?? session ?? "unknown" } : { name: actor.id },
    ...fields,
    // Fields that the schema has no place for.
    unmapped: {
      resource: entry.resource,
      ...(entry.subject !== undefined && { subject: entry.subject }),
      ...(entry.details !== undefined && { details: entry.details }),
      ...(entry.decision !== undefined && { decision: entry.decision }),
      ...(entry.method !== undefined && { method: entry.method }),
      ...(actor.person !== undefined && { operator: actor.person }),
    },
  };
}

function classify(entry: LoggedEntry, origin: string) {
  const { action, resource } = entry;
  const asked = authentications[action];
  if (asked !== undefined)
    return {
      kind: classes.authentication,
      activity: asked,
      fields: { user: userOf(entry), service: { name: origin } },
    };
  if (action.startsWith("user."))
    return {
      kind: classes.accountChange,
      activity: credentials[action] ?? { C: 1, D: 6, R: OTHER, U: OTHER, E: OTHER }[entry.class],
      fields: { user: { uid: entry.subject ?? resource.id } },
    };
  if (entry.subject !== undefined && action === "history.grant")
    return {
      kind: classes.userAccess,
      activity: ASSIGN_PRIVILEGES,
      fields: {
        user: { uid: entry.subject },
        privileges: ["read_history"],
        resource: { type: resource.type, uid: resource.id },
      },
    };
  const membership = memberships[action];
  if (entry.subject !== undefined && membership !== undefined)
    return {
      kind: classes.groupManagement,
      activity: membership,
      fields: {
        group: { type: resource.type, uid: resource.id },
        user: { uid: entry.subject },
      },
    };
  if (entry.class === "R" && stored.has(resource.type))
    return {
      kind: classes.datastoreActivity,
      activity: action.endsWith(".list") ? 8 : action.endsWith(".search") ? 4 : 1,
      fields: {
        database: { name: origin, type_id: 1 },
        table: { name: resource.type, uid: resource.id },
        dst_endpoint: { name: origin },
      },
    };
  return {
    kind: classes.apiActivity,
    activity: byClass[entry.class],
    fields: {
      api: { operation: action },
      resources: [{ type: resource.type, uid: resource.id }],
      dst_endpoint: { name: origin },
    },
  };
}

function userOf({ actor }: LoggedEntry) {
  const isAdmin = actor.role === "admin";
  const isService = actor.role === "bot" || actor.role === "archiver";
  return {
    uid: actor.id,
    type_id: actor.kind === "system" ? 3 : isAdmin ? 2 : isService ? 4 : 1,
    ...(actor.role !== undefined && { type: actor.role }),
  };
}
