import { randomBytes, randomUUID } from "node:crypto";
import type { Party } from "../load/party.ts";
import { DOMAIN } from "../servers/ejabberd/config.ts";
import type { EjabberdAccount } from "../servers/ejabberd/database.ts";
import { parseId, type ConversationId } from "../../../crypto/wire/ids.ts";

/** Pairs that share a room each. */
export const socketIoPairs = (url: string, count: number): Party[] =>
  Array.from({ length: count }, (): Party => {
    const conversation = parseId<ConversationId>(randomUUID());
    const link = { kind: "socket.io", url, conversation } as const;
    return { links: [link, link], rooms: [{ conversation, head: 0, others: [] }] };
  });

/** Two accounts for each of `count` pairs, one after the other. */
export const xmppAccounts = (count: number): EjabberdAccount[] =>
  Array.from({ length: count * 2 }, (_, index) => ({
    user: `device${index}`,
    password: randomBytes(12).toString("hex"),
  }));

/** Pairs that write to each other's address. */
export function xmppPairs(url: string, accounts: readonly EjabberdAccount[]): Party[] {
  const parties: Party[] = [];
  for (let at = 0; at + 1 < accounts.length; at += 2) {
    const [sender, receiver] = accounts.slice(at, at + 2);
    if (sender === undefined || receiver === undefined) continue;
    const conversation = parseId<ConversationId>(randomUUID());
    const link = { kind: "xmpp", url, domain: DOMAIN, conversation } as const;
    parties.push({
      links: [
        { ...link, ...sender, peer: receiver.user },
        { ...link, ...receiver, peer: sender.user },
      ],
      rooms: [{ conversation, head: 0, others: [] }],
    });
  }
  return parties;
}
