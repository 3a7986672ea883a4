import { z } from "zod";
import { isId, type DeviceId, type UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor, Role } from "../../policies/actor.ts";
import { decideCredentials } from "../../policies/credentials.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { resetReasons } from "../../policies/reset-reasons.ts";
import { IdentityError, userNotFound } from "../identity-error.ts";
import { readCredentialsFacts } from "../passwords/password-account.ts";

const user = z.custom<UserId>(isId);
const device = z.custom<DeviceId>(isId);

/** Everything that each act depends on for which a policy can demand a second person. */
export const actParameters = {
  "directory.reset_account": z.strictObject({ user, reason: z.enum(resetReasons) }),
  "directory.revoke_device": z.strictObject({ device }),
  "credentials.reset_password": z.strictObject({ user }),
  "credentials.reset_factor": z.strictObject({ user }),
};

/** The name of such an act: the resource and the action of its rules. */
export type ActName = keyof typeof actParameters;

/** An act with everything that it depends on. */
export type DemandedAct = {
  readonly [N in ActName]: {
    readonly action: N;
    readonly parameters: z.infer<(typeof actParameters)[N]>;
  };
}[ActName];

/** The right that an act needs, as the rules name it. */
export const rightOf = (name: ActName) => rights[name];

const rights = {
  "directory.reset_account": { resource: "directory", action: "reset_account" },
  "directory.revoke_device": { resource: "directory", action: "revoke_device" },
  "credentials.reset_password": { resource: "credentials", action: "reset_password" },
  "credentials.reset_factor": { resource: "credentials", action: "reset_factor" },
} as const satisfies {
  readonly [N in ActName]: { readonly resource: string; readonly action: string };
};

export const isActName = (name: string): name is ActName => Object.hasOwn(actParameters, name);

/** @throws IdentityError approval_changed, for parameters that are not those of the act */
export function parseAct(action: ActName, parameters: unknown): DemandedAct {
  const parsed = actParameters[action].safeParse(parameters);
  if (!parsed.success)
    throw new IdentityError("approval_changed", "These are not the parameters of the act.");
  return { action, parameters: parsed.data } as DemandedAct;
}

/** What the rules of an act say, and about whose account it is. */
export interface DecidedAct {
  readonly decision: Decision;
  readonly subject: UserId;
}

/**
 * Decides about an act as its use case does.
 * @throws IdentityError user_not_found, device_not_found
 */
export async function decideAct(
  client: Client,
  actor: Actor,
  act: DemandedAct,
): Promise<DecidedAct> {
  const { tenant } = actor;
  switch (act.action) {
    case "directory.reset_account": {
      const account = await accountOf(client, act.parameters.user);
      const facts = { tenant, sharesConversation: false, ...account };
      return {
        decision: decideDirectory(actor, "reset_account", facts),
        subject: account.user,
      };
    }
    case "directory.revoke_device": {
      const owner = await ownerOf(client, act.parameters.device);
      const facts = {
        tenant,
        sharesConversation: false,
        device: act.parameters.device,
        ...owner,
      };
      return { decision: decideDirectory(actor, "revoke_device", facts), subject: owner.user };
    }
    case "credentials.reset_password":
    case "credentials.reset_factor": {
      const { user: subject } = act.parameters;
      const facts = await readCredentialsFacts(client, subject);
      if (facts === undefined) throw userNotFound();
      const action = act.action === "credentials.reset_factor" ? "reset_factor" : "reset_password";
      return {
        decision: decideCredentials(actor, action, { tenant, user: subject, ...facts }),
        subject,
      };
    }
  }
}

interface Account {
  readonly user: UserId;
  readonly role: Role;
}

async function accountOf(client: Client, id: UserId): Promise<Account> {
  const { rows } = await client.query<Account>(
    `select id as "user", role from users where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw userNotFound();
  return row;
}

async function ownerOf(client: Client, id: DeviceId): Promise<Account> {
  const { rows } = await client.query<Account>(
    `select u.id as "user", u.role from devices d join users u on u.id = d.user_id
     where d.id = $1 and d.revoked_at_ms is null`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new IdentityError("device_not_found", "There is no such device.");
  return row;
}
