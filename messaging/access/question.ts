import { isId, type UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import type { ActionsOf, Resource } from "../../policies/rules/default-rules.ts";
import { floors } from "../../policies/versions/floors.ts";

/** The kinds of resource that nobody can ask about: keys decide about them, or no version changes them. */
const unasked = [
  "relay",
  "link",
  "administration",
  "tenants",
  "credentials",
  "break_glass",
  "second_person",
  "holds",
  "retention",
  "cases",
  "requests",
  "notices",
  "consents",
  "erasures",
  "restrictions",
  "breaches",
  "reports",
  "compliance",
] as const;

/** The kinds of resource that can be asked about. */
export type AskedResource = Exclude<Resource, (typeof unasked)[number]>;

/** An action on a resource, about which somebody asks. */
export interface Question {
  readonly kind: AskedResource;
  readonly action: ActionsOf[AskedResource];
  /** The id of the resource, if its kind has ids. */
  readonly id: string | undefined;
  /** The account to add or remove, for "add_member" and "remove_member". */
  readonly subject: UserId | undefined;
}

/** The resources as they are asked about, in words of a command or a request. */
export interface AskedWords {
  readonly action: string;
  /** A kind, or a kind and an id: "audit_log", "conversation:<id>", "directory:<id of an account>". */
  readonly resource: string;
  readonly subject?: UserId | undefined;
}

const single: readonly string[] = [
  "audit_log",
  "account_names",
  "disclosures",
  "staff_list",
  "alerts",
  "approvals",
  "policy",
];

const isAsked = (kind: string): kind is AskedResource =>
  Object.hasOwn(floors, kind) && !unasked.some((each) => each === kind);

const isActionOn = (kind: AskedResource, action: string): action is ActionsOf[AskedResource] =>
  Object.hasOwn(floors[kind], action);

/** @throws IdentityError unknown_right */
export function parseQuestion({ action, resource, subject }: AskedWords): Question {
  const [kind = "", id, ...more] = resource.split(":");
  if (!isAsked(kind) || more.length > 0)
    throw unknown(
      "Ask about conversation, directory or upload with an id, or about a log or list.",
    );
  if (!isActionOn(kind, action)) throw unknown(`There is no such action on ${kind}.`);
  // A conversation that is to be created has no id yet.
  if (single.includes(kind) || action === "create") {
    if (id !== undefined) throw unknown(`Name ${kind} without an id.`);
  } else if (!isId<Uuid>(id)) throw unknown(`Name the resource with its id: ${kind}:<id>.`);
  return { kind, action, id, subject };
}

/** Returns what the person who asks must be allowed. */
export const actOfAsking = ({ kind, action }: Question): "explain" | "explain_members" =>
  single.includes(kind) || action === "create" ? "explain" : "explain_members";

export const unknown = (message: string): IdentityError =>
  new IdentityError("unknown_right", `${message} sealdesk policy table lists what there is.`);
