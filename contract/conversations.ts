import * as z from "zod/mini";
import { suiteNames } from "../crypto/wire/suites.ts";
import { documentation } from "./documentation.ts";
import { signedAct } from "./receipts.ts";
import { role } from "./sessions.ts";
import {
  bytes,
  conversationId,
  count,
  deviceId,
  milliseconds,
  openEnum,
  userId,
  wholeNumber,
} from "./values.ts";

const maxPage = 200;

export const newConversation = z
  .strictObject({
    id: conversationId,
    suite: z.enum(suiteNames),
    members: z
      .array(userId)
      .check(z.maxLength(255))
      .register(documentation, { description: "Users besides the creator" }),
    creationSignature: bytes(64),
    ...signedAct,
  })
  .register(documentation, { id: "NewConversation" });

const position = { epoch: z.int().check(z.minimum(1)), seq: z.int().check(z.minimum(1)) };

/** The position of a change in the conversation's log. */
export const logPosition = z.object(position).register(documentation, { id: "LogPosition" });

export const createdConversation = z.object({ id: conversationId, ...position });

const view = {
  id: conversationId,
  suite: openEnum(suiteNames),
  state: openEnum(["open", "closed"]),
  createdBy: userId,
  createdAtMs: milliseconds,
  epoch: z.int().check(z.minimum(0)),
  members: z.array(z.object({ user: userId, role, devices: z.array(deviceId) })),
  /** Whether its processing is restricted: its content is refused with `processing_restricted`. */
  isRestricted: z.boolean(),
};

/** With the last event of the log and its transcript hash, on which an act is signed. */
export const conversation = z
  .object({ ...view, head: z.object({ seq: count, hash: bytes(32) }) })
  .register(documentation, { id: "Conversation" });

const listedConversation = z.object(view).register(documentation, { id: "ListedConversation" });

/** A position in a list of conversations: creation time and id of the last one read. */
export const cursor = z
  .codec(
    z.string().check(z.regex(/^\d{1,15}_[0-9a-f-]{36}$/)),
    z.object({ createdAtMs: z.int(), id: conversationId }),
    {
      decode: (text) => ({
        createdAtMs: Number(text.slice(0, text.indexOf("_"))),
        id: text.slice(text.indexOf("_") + 1),
      }),
      encode: ({ createdAtMs, id }) => `${createdAtMs}_${id}`,
    },
  )
  .register(documentation, { type: "string", description: "`next` of the page before" });

export const conversationsQuery = z.strictObject({
  after: z.optional(cursor),
  limit: z.optional(wholeNumber("50, if you leave it out", { minimum: 1, maximum: maxPage })),
});

export const conversationPage = z
  .object({
    conversations: z.array(listedConversation),
    // Null at the end of the list.
    next: z.nullable(z.string()),
  })
  .register(documentation, { id: "Conversations" });
