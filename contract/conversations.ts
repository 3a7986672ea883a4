import * as z from "zod/mini";
import { suiteNames } from "../crypto/wire/suites.ts";
import { documentation } from "./documentation.ts";
import { role } from "./sessions.ts";
import {
  bytes,
  conversationId,
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
  })
  .register(documentation, { id: "NewConversation" });

const position = { epoch: z.int().check(z.minimum(1)), seq: z.int().check(z.minimum(1)) };

/** The position of a change in the conversation's log. */
export const logPosition = z.object(position).register(documentation, { id: "LogPosition" });

export const createdConversation = z.object({ id: conversationId, ...position });

export const newMember = z.strictObject({ user: userId });

export const conversation = z
  .object({
    id: conversationId,
    suite: openEnum(suiteNames),
    state: openEnum(["open", "closed"]),
    createdBy: userId,
    createdAtMs: milliseconds,
    epoch: z.int().check(z.minimum(0)),
    members: z.array(z.object({ user: userId, role, devices: z.array(deviceId) })),
  })
  .register(documentation, { id: "Conversation" });

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
    conversations: z.array(conversation),
    // Null at the end of the list.
    next: z.nullable(z.string()),
  })
  .register(documentation, { id: "Conversations" });

export const memberParams = z.strictObject({ id: conversationId, user: userId });
