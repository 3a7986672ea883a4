import type { Member, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ActId, ConversationId, NewId, UserId } from "../../crypto/wire/ids.ts";
import { membersToSign } from "../../crypto/wire/membership.ts";
import type { BreakGlass, MembershipKind } from "../../crypto/wire/receipt.ts";
import { membersBytes } from "../../crypto/wire/signed-records.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Account } from "../device/account.ts";
import type { Api } from "../http/api.ts";
import type { Clock } from "../runtime.ts";
import type { HeadToSign } from "./head-to-sign.ts";
import { postSigned, type PostSignedDeps, type SignableLog } from "./post-signed.ts";
import { signReceipt } from "./sign-receipt.ts";

export interface SignActDeps {
  readonly store: Pick<DeviceStore, "read">;
  readonly account: Account;
  readonly newId: NewId;
  readonly clock: Pick<Clock, "now">;
}

/** An act that makes `members` of those at the head of the log. */
interface Act extends Pick<HeadToSign, "after" | "epoch" | "members"> {
  readonly conversation: ConversationId;
  readonly kind: MembershipKind;
  readonly subject: UserId;
  readonly breakGlass?: BreakGlass | undefined;
}

/** Signs an act of this device. `epoch` and `members` are those after it. */
export function signAct(
  { store, account, newId, clock }: SignActDeps,
  { members, ...signed }: Act,
): Promise<SignedReceipt> {
  const { tenant, user: actor, device: actorDevice } = account;
  return store.read((transaction) =>
    signReceipt(transaction, {
      type: "membership",
      version: 1,
      id: newId<ActId>(),
      tenant,
      actor,
      actorDevice,
      ...signed,
      members: sha256(membersBytes(members)),
      atMs: Math.floor(clock.now()),
    }),
  );
}

export interface ActDeps extends SignActDeps, PostSignedDeps {
  readonly api: PostSignedDeps["api"] &
    Pick<Api, "addMember" | "removeMember" | "closeConversation" | "memberOf">;
}

/** The acts on a conversation that exists. */
export type ActKind = Exclude<MembershipKind, "created">;

/**
 * Signs an act on a conversation and posts it. Resolves with its place in the log.
 * @param breakGlass the access in an emergency with which this account joins, if it does
 * @throws SealdeskError membership_unverified, and those of the requests
 */
export function act(
  deps: ActDeps,
  log: SignableLog,
  kind: ActKind,
  subject: UserId,
  breakGlass?: BreakGlass,
): Promise<{ readonly seq: number }> {
  const { api } = deps;
  const { id: conversation } = log;
  const post = {
    member_added: api.addMember,
    member_removed: api.removeMember,
    closed: api.closeConversation,
  }[kind];
  const sign = async ({ after, epoch, members }: HeadToSign) => {
    const newcomers: readonly Member[] =
      kind === "member_added" ? [await api.memberOf(subject)] : [];
    return signAct(deps, {
      conversation,
      kind,
      subject,
      breakGlass,
      after,
      epoch: kind === "closed" ? epoch : epoch + 1,
      members: membersToSign(members, { kind, subject }, newcomers),
    });
  };
  return postSigned(deps, log, sign, (signed) => post(conversation, signed));
}
