import { userInfo } from "node:os";
import type { OperatorActor } from "../audit/operator.ts";
import { isReason } from "../audit/verify/log-restore.ts";
import { isApproverName } from "../audit/verify/approvers.ts";
import { purposePattern } from "../policies/purpose-of-use.ts";
import { CommandError } from "./settings.ts";

/** The options that say who acts as the operator, before or after the name of any command. */
export interface OperatorOptions {
  readonly as?: string;
  readonly ticket?: string;
  readonly because?: string;
  readonly purpose?: string;
}

/**
 * Returns the operator with the person who runs the command. Without `--as` it is the login name.
 * @param login the login name, if there is one
 * @throws CommandError if an option cannot be shown on one line
 */
export function operatorOf(options: OperatorOptions, login: string | undefined): OperatorActor {
  const { as, ticket, because: reason, purpose } = options;
  for (const [option, value] of Object.entries({ as, ticket }))
    if (value !== undefined && !isApproverName(value))
      throw new CommandError(`--${option} takes at most 100 letters, digits and . _ @ / : -`);
  if (reason !== undefined && !isReason(reason))
    throw new CommandError("--because takes one line of at most 300 characters.");
  if (purpose !== undefined && !purposePattern.test(purpose))
    throw new CommandError("--purpose takes a code such as TREAT.");
  const name = as ?? (login !== undefined && isApproverName(login) ? login : "unknown");
  const source = as === undefined ? "login" : "as";
  return { kind: "system", id: "operator", person: { name, source, ticket, reason, purpose } };
}

/** Returns the name of the account that runs the process, or of the one that called sudo. */
export function loginName(): string | undefined {
  const { SUDO_USER: sudoer } = process.env;
  if (sudoer !== undefined && sudoer !== "") return sudoer;
  try {
    return userInfo().username;
  } catch {
    return undefined; // a container may run as a user without a name
  }
}
