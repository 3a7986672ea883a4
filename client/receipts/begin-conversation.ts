import { zeroHash } from "../../crypto/wire/event.ts";
import type { Member, SignedReceipt } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { usersOf } from "../../crypto/wire/membership.ts";
import { creationBytes } from "../../crypto/wire/signed-records.ts";
import type { SuiteName } from "../../crypto/wire/suites.ts";
import { sign, type SigningKeyPair } from "../../crypto/device/sodium.ts";
import { SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { signAct, type SignActDeps } from "./act.ts";
import { isStale } from "./post-signed.ts";

export interface BeginDeps extends SignActDeps {
  readonly api: Pick<Api, "createConversation" | "memberOf">;
  readonly deviceKey: SigningKeyPair;
}

const attempts = 5;

/**
 * Begins a conversation with these users. If their devices change meanwhile, signs again.
 * @returns the conversation's id, and the number of its first event
 * @throws SealdeskError as `Sealdesk.openConversation`
 */
export async function beginConversation(
  deps: BeginDeps,
  suite: SuiteName,
  others: readonly UserId[],
): Promise<{ readonly id: ConversationId; readonly seq: number }> {
  const { account, api, newId, deviceKey } = deps;
  const id = newId<ConversationId>();
  const { tenant, user, device } = account;
  const users = usersOf(user, others);
  const record = creationBytes({ tenant, conversation: id, suite, device, users });
  const creationSignature = sign(record, deviceKey.privateKey);
  for (let attempt = 1; ; attempt++) {
    const signed = await signCreation(deps, id, users);
    const creation = { id, suite, members: others, creationSignature, signed };
    try {
      // The request is idempotent, so it is repeated when its answer was lost.
      const { seq } = await api.createConversation(creation).catch((error: unknown) => {
        if (!(error instanceof SealdeskError) || error.code !== "network") throw error;
        return api.createConversation(creation);
      });
      return { id, seq };
    } catch (error) {
      if (!isStale(error) || attempt === attempts) throw error;
    }
  }
}

async function signCreation(
  deps: BeginDeps,
  conversation: ConversationId,
  users: readonly UserId[],
): Promise<SignedReceipt> {
  const members: Member[] = [];
  for (const user of users) members.push(await deps.api.memberOf(user));
  return signAct(deps, {
    conversation,
    kind: "created",
    subject: deps.account.user,
    after: { seq: 0, hash: zeroHash },
    epoch: 1,
    members,
  });
}
