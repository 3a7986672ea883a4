import type { ConversationId } from "../../../crypto/wire/ids.ts";
import type { Role } from "../../../policies/roles.ts";
import type { TestDevice } from "../../support/device.ts";
import type { TableFacts } from "./allowed-by-table.ts";

/** An account, and what the rules know of it. */
export interface Person {
  readonly device: TestDevice;
  readonly role: Role;
}

/** A conversation, who began it, and an upload in it by a member of it. */
export interface Place {
  readonly id: ConversationId;
  readonly createdBy: Person;
  readonly members: readonly Person[];
  readonly upload: string;
  readonly uploader: Person;
}

/** What one actor's request is about. */
export interface Target {
  readonly person: Person;
  readonly place: Place;
  /** The number and the hash of a draft of somebody else. */
  readonly draft: { readonly version: number; readonly hash: string };
}

/** A request, the right that it needs, and the facts for it. */
export interface RouteRight {
  readonly right: readonly [resource: string, action: string];
  readonly about: "conversation" | "account" | "tenant" | "self";
  readonly facts: (actor: Person, target: Target) => TableFacts;
  readonly call: (
    actor: TestDevice,
    target: Target,
  ) => Promise<{ readonly status: number; readonly body?: unknown }>;
  /** What a right answers because the sample names something that does not exist. */
  readonly without?: string;
}

/** The facts of a request about the place. */
export const ofPlace = (_actor: Person, { place }: Target): TableFacts => ({
  state: "open",
  createdBy: place.createdBy.device.user,
  members: place.members.map(({ device }) => device.user),
});
