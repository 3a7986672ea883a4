import { utf8 } from "../../../crypto/wire/bytes.ts";
import { toBase64 } from "../../verify/base64.ts";
import { ACT_REASON, isGeneralPurpose } from "../../../policies/purpose-of-use.ts";
import { purposeOf, type LoggedEntry } from "../entry-filter.ts";
import { applicationServer, balpProfile, entityTypes, objectRoles } from "./codes.ts";
import { interactionOf, type Interaction } from "./interactions.ts";
import type { Agent, AuditEvent, Entity, Reference } from "./resource.ts";

const outcomes = { success: "0", refused: "4", failed: "8", impaired: "12" } as const;

/**
 * Returns an entry as FHIR R4 AuditEvent, in the patterns of IHE BALP. No network address was
 * logged, so the client's network is a URI with its device or its session.
 * @param origin the log's name, which is also the server's name
 */
export function auditEventOf(entry: LoggedEntry, index: number, origin: string): AuditEvent {
  const told = interactionOf(entry);
  const { profile } = told;
  const patient = patientOf(entry);
  const purpose = purposeOf(entry);
  const isProfiled = profile !== undefined && entry.outcome === "success";
  return {
    resourceType: "AuditEvent",
    id: entry.eventId,
    meta: {
      ...(isProfiled && { profile: [balpProfile(patient ? `Patient${profile}` : profile)] }),
      tag: [{ system: "urn:sealdesk:log-index", code: String(index) }],
    },
    type: told.type,
    subtype: [told.subtype, { system: "urn:sealdesk:action", code: entry.action }].filter(
      ({ code }, at) => at === 0 || code !== told.subtype.code,
    ),
    action: told.action,
    recorded: new Date(entry.occurredAtMs).toISOString(),
    outcome: outcomes[entry.outcome],
    ...(entry.reason !== undefined && { outcomeDesc: entry.reason }),
    ...(purpose !== undefined && {
      purposeOfEvent: [
        isGeneralPurpose(purpose)
          ? { coding: [{ system: ACT_REASON, code: purpose }] }
          : { text: purpose },
      ],
    }),
    agent: agentsOf(entry, told, origin),
    source: {
      site: origin,
      observer: named("server", origin),
      type: [applicationServer],
    },
    entity: entitiesOf(entry, profile === "Query", patient),
  };
}

const named = (system: string, value: string, type?: string): Reference => ({
  ...(type !== undefined && { type }),
  identifier: { system: `urn:sealdesk:${system}`, value },
});

function agentsOf({ actor, session, eventId }: LoggedEntry, told: Interaction, origin: string) {
  const server: Agent = {
    type: { coding: [told.server] },
    who: named("server", origin),
    requestor: false,
    network: { address: origin, type: "5" },
  };
  const isUser = actor.kind === "user";
  const client: Agent = {
    type: { coding: [told.client] },
    who: isUser ? named("device", actor.device ?? session ?? "unknown") : named("system", actor.id),
    ...(actor.person !== undefined && { altId: actor.person.name }),
    requestor: !isUser,
    network: { address: `urn:uuid:${actor.device ?? session ?? eventId}`, type: "5" },
  };
  if (!isUser) return [client, server];
  const user: Agent = {
    type: { coding: [told.user] },
    ...(actor.role !== undefined && { role: [{ text: actor.role }] }),
    who: named("user", actor.id),
    requestor: true,
  };
  return [client, server, user];
}

/**
 * Returns the person concerned. The log knows accounts and not which of them are patients; see
 * docs/audit.md.
 */
function patientOf({ subject, actor }: LoggedEntry): Entity | undefined {
  const id = subject ?? (actor.role === "customer" ? actor.id : undefined);
  if (id === undefined) return undefined;
  return {
    what: named("user", id, "Patient"),
    type: entityTypes.person,
    role: objectRoles.patient,
  };
}

function entitiesOf(entry: LoggedEntry, isQuery: boolean, patient: Entity | undefined): Entity[] {
  const { resource, requestId } = entry;
  const data: Entity = isQuery
    ? queryOf(entry)
    : {
        what: named(resource.type, resource.id),
        type: entityTypes.object,
        role: objectRoles.resource,
        ...withDetail(toldOf(entry)),
      };
  const request: Entity[] =
    requestId === undefined
      ? []
      : [{ what: named("request", requestId), type: entityTypes.requestId }];
  return [data, ...(patient === undefined ? [] : [patient]), ...request];
}

/**
 * Returns the question, as far as it was logged. The raw request may hold more than a log should.
 */
function queryOf(entry: LoggedEntry): Entity {
  const description = JSON.stringify({ resource: entry.resource, ...toldOf(entry) });
  return {
    type: entityTypes.object,
    role: objectRoles.query,
    description,
    query: toBase64(utf8(description)),
  };
}

/** The details, how the session was authenticated, and the decision of the policy. */
const toldOf = ({ details, method, decision }: LoggedEntry) => ({ ...details, method, decision });

function withDetail(details: Readonly<Record<string, unknown>>): Pick<Entity, "detail"> {
  const detail = Object.entries(details).flatMap(([type, value]) =>
    value === undefined || value === "" || (Array.isArray(value) && value.length === 0)
      ? []
      : [{ type, valueString: typeof value === "string" ? value : JSON.stringify(value) }],
  );
  return detail.length === 0 ? {} : { detail };
}
