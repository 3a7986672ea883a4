import type { Client } from "../../db/pool.ts";
import type { PerformDeps } from "../../identity/approvals/perform-act.ts";
import type { StoredApproval } from "../../identity/approvals/stored-approvals.ts";
import type { Party } from "../../identity/party.ts";
import type { PasswordReset } from "../../identity/passwords/create-reset.ts";
import type { PolicyDeps } from "../../identity/policy/policy-deps.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";

/** The dependencies of those who show and answer requests. */
export interface AnswerDeps extends PolicyDeps {
  /** Every kind of act that the server knows. */
  readonly kinds: ApprovalKinds;
}

/** The dependencies of whoever approves, which is to do the act. */
export type ApprovalDeps = AnswerDeps & PerformDeps;

/** What an approval has done. */
export interface Approved {
  /** The number of people who must approve it besides; 0 if the act is done. */
  readonly waitsFor: number;
  /** The link for a new password, if that is what was asked for. */
  readonly passwordReset?: PasswordReset | undefined;
}

/** How requests of one kind of act are answered. Each use case decides by its own policy and leaves its own entry. */
export interface ApprovalKind {
  readonly decideRead: (
    actor: Actor,
    approval: StoredApproval,
    client: Client,
  ) => Decision | Promise<Decision>;
  readonly approve: (
    deps: PolicyDeps & PerformDeps,
    party: Party,
    approval: StoredApproval,
    named: Uint8Array,
  ) => Promise<Approved>;
  readonly refuse: (deps: PolicyDeps, party: Party, approval: StoredApproval) => Promise<void>;
  readonly withdraw: (deps: PolicyDeps, party: Party, approval: StoredApproval) => Promise<void>;
}

/** Kinds of acts that need another person, by the names of the acts. */
export type ApprovalKinds = Readonly<Record<string, ApprovalKind>>;
