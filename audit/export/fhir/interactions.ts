import type { LoggedEntry } from "../entry-filter.ts";
import { eventTypes, interaction, login, logout, roles } from "./codes.ts";
import type { AuditEvent, Coding } from "./resource.ts";

/** The description of an act: the kind of event, and the role of each party. */
export interface Interaction {
  readonly type: Coding;
  readonly subtype: Coding;
  readonly action: AuditEvent["action"];
  /** The BALP profile, if there is one. */
  readonly profile?: "Create" | "Read" | "Update" | "Delete" | "Query";
  readonly client: Coding;
  readonly server: Coding;
  readonly user: Coding;
}

// In a write, data flows from the client to the server. In a read, it flows the other way. BALP
// counts a query as a write, because the question is what flows.
const writing = { client: roles.source, server: roles.destination, user: roles.author };
const reading = { client: roles.destination, server: roles.source, user: roles.recipient };
const { rest } = eventTypes;

const byClass: Readonly<Record<LoggedEntry["class"], Interaction>> = {
  C: { type: rest, subtype: interaction("create"), action: "C", profile: "Create", ...writing },
  R: { type: rest, subtype: interaction("read"), action: "R", profile: "Read", ...reading },
  U: { type: rest, subtype: interaction("update"), action: "U", profile: "Update", ...writing },
  D: {
    type: rest,
    subtype: interaction("delete"),
    action: "D",
    profile: "Delete",
    client: roles.application,
    server: roles.custodian,
    user: roles.author,
  },
  E: { type: rest, subtype: interaction("operation"), action: "E", ...writing },
};

const query: Interaction = {
  type: rest,
  subtype: interaction("search"),
  action: "E",
  profile: "Query",
  ...writing,
  user: roles.recipient,
};

const authentication = { type: eventTypes.authentication, action: "E", ...writing } as const;

/**
 * Describes a success as IHE BALP does. A refused or failed act is the same without the profile.
 */
export function interactionOf(entry: LoggedEntry): Interaction {
  const { action } = entry;
  if (action === "session.create") return { ...authentication, subtype: login };
  if (action === "session.revoke") return { ...authentication, subtype: logout };
  // There was no request over the network.
  if (entry.actor.kind === "system")
    return {
      type: eventTypes.activity,
      subtype: { system: "urn:sealdesk:action", code: action },
      action: entry.class,
      ...writing,
    };
  return isQuery(action) ? query : byClass[entry.class];
}

const isQuery = (action: string): boolean => /\.(list|search)$/.test(action);
