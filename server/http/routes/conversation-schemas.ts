import { z } from "zod";
import { maxReceiptBytes } from "../../../crypto/wire/receipt.ts";
import { suiteNames } from "../../../crypto/wire/suites.ts";
import { bytes, milliseconds, uuid } from "../json-bytes.ts";
import { role } from "./session-schemas.ts";

const suite = z.enum(suiteNames);

export const newConversation = z
  .strictObject({
    id: uuid,
    suite,
    members: z.array(uuid).max(255).meta({ description: "Users besides the creator" }),
    creationSignature: bytes(64),
  })
  .meta({ id: "NewConversation" });

/** The position of a change in the conversation's log. */
export const logPosition = z
  .strictObject({ epoch: z.int().min(1), seq: z.int().min(1) })
  .meta({ id: "LogPlace" });

/** The canonical text of a receipt and the signature by the device's receipt key. */
export const signedReceipt = {
  receipt: bytes(maxReceiptBytes, "at most"),
  signature: bytes(64),
};

export const createdConversation = z.strictObject({
  id: uuid,
  epoch: z.int().min(1),
  seq: z.int().min(1),
});

export const conversation = z
  .strictObject({
    id: uuid,
    suite,
    state: z.enum(["open", "closed"]),
    createdBy: uuid,
    createdAtMs: milliseconds,
    epoch: z.int().min(0),
    members: z.array(z.strictObject({ user: uuid, role, devices: z.array(uuid) })),
  })
  .meta({ id: "Conversation" });

/** A position in a list of conversations: creation time and id of the last one read. */
export const cursor = z
  .codec(
    z.string().regex(/^\d{1,15}_[0-9a-f-]{36}$/),
    z.object({ createdAtMs: z.int(), id: uuid }),
    {
      decode: (text) => ({
        createdAtMs: Number(text.slice(0, text.indexOf("_"))),
        id: text.slice(text.indexOf("_") + 1),
      }),
      encode: ({ createdAtMs, id }) => `${createdAtMs}_${id}`,
    },
  )
  .meta({ type: "string", description: "`next` of the page before" });

export const conversationPage = z
  .strictObject({
    conversations: z.array(conversation),
    // Null at the end of the list.
    next: z.string().nullable(),
  })
  .meta({ id: "Conversations" });

export const conversationParams = z.strictObject({ id: uuid });
export const memberParams = z.strictObject({ id: uuid, user: uuid });
