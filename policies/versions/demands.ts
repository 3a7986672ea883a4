import type { ActionsOf, Resource } from "../rules/default-rules.ts";

/** That other people must approve an act. */
export interface Demand {
  readonly resource: Resource;
  readonly action: string;
  /** The number of other people. */
  readonly approvers: number;
}

/** What always needs other people. No version drops these. */
export const defaultDemands: readonly Demand[] = [
  { resource: "policy", action: "propose", approvers: 1 },
  { resource: "break_glass", action: "request", approvers: 2 },
  { resource: "holds", action: "release", approvers: 1 },
];

/**
 * The acts for which a version can demand a second person. The server does them without a signature of the actor's
 * device, so it can do them when somebody else approves.
 */
export const demandable = {
  directory: ["revoke_device", "reset_account"],
  credentials: ["reset_password", "reset_factor"],
} as const satisfies { readonly [R in Resource]?: readonly ActionsOf[R][] };

const isDemandable = (resource: string, action: string): boolean =>
  Object.entries(demandable).some(
    ([name, actions]) =>
      name === resource && (actions as readonly string[]).some((each) => each === action),
  );

/** Returns how many other people must approve an act by a policy; 0 if the actor acts alone. Pure. */
export const approversNeeded = (
  { demands }: { readonly demands: readonly Demand[] },
  resource: Resource,
  action: string,
): number =>
  demands.find((each) => each.resource === resource && each.action === action)?.approvers ?? 0;

/** What a version demands, as its changes have it. */
export interface AddedDemand {
  readonly resource: string;
  readonly action: string;
}

/** Returns why a version cannot demand this, each a sentence. */
export function faultsOfDemands(added: readonly AddedDemand[]): readonly string[] {
  const names = added.map(({ resource, action }) => `${action} on ${resource}`);
  const unknown = added
    .filter(({ resource, action }) => !isDemandable(resource, action))
    .map(({ resource, action }) =>
      defaultDemands.some((each) => each.resource === resource && each.action === action)
        ? `The action ${action} on ${resource} always needs another person.`
        : `No version can demand a second person for ${action} on ${resource}.`,
    );
  const isTwice = new Set(names).size !== names.length;
  return [...unknown, ...(isTwice ? ["An act is named twice in secondPerson."] : [])];
}

/** Returns the demands of a version. */
export const demandsOf = (added: readonly AddedDemand[]): readonly Demand[] => [
  ...defaultDemands,
  ...added.map(({ resource, action }) => ({
    resource: resource as Resource,
    action,
    approvers: 1,
  })),
];
