import * as z from "zod/mini";
import { suiteNames } from "../crypto/wire/suites.ts";
import { documentation } from "./documentation.ts";
import { role } from "./sessions.ts";
import { bytes, milliseconds, openEnum, uuid, wholeNumber } from "./values.ts";

const maxPage = 200;

export const newConversation = z
  .strictObject({
    id: uuid,
    suite: z.enum(suiteNames),
    members: z
      .array(uuid)
      .check(z.maxLength(255))
      .register(documentation, { description: "Users besides the creator" }),
    creationSignature: bytes(64),
  })
  .register(documentation, { id: "NewConversation" });

const position = { epoch: z.int().check(z.minimum(1)), seq: z.int().check(z.minimum(1)) };

/** The position of a change in the conversation's log. */
export const logPosition = z.object(position).register(documentation, { id: "LogPosition" });

export const createdConversation = z.object({ id: uuid, ...position });

export const newMember = z.strictObject({ user: uuid });

export const conversation = z
  .object({
    id: uuid,
    suite: openEnum(suiteNames),
    state: openEnum(["open", "closed"]),
    createdBy: uuid,
    createdAtMs: milliseconds,
    epoch: z.int().check(z.minimum(0)),
    members: z.array(z.object({ user: uuid, role, devices: z.array(uuid) })),
  })
  .register(documentation, { id: "Conversation" });

/** A position in a list of conversations: creation time and id of the last one read. */
export const cursor = z
  .codec(
    z.string().check(z.regex(/^\d{1,15}_[0-9a-f-]{36}$/)),
    z.object({ createdAtMs: z.int(), id: uuid }),
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

export const memberParams = z.strictObject({ id: uuid, user: uuid });
