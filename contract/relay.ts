/** Headers and queries of the relay over HTTP. Its bodies are frames: see `crypto/wire`. */
import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { wholeNumber } from "./values.ts";

const maxWaitSeconds = 25;

const connectionId = z
  .string()
  .check(z.maxLength(100))
  .register(documentation, { description: "The id that a hello was answered with" });

export const connectionHeaders = z.object({ "relay-connection": connectionId });

export const sendHeaders = z.object({
  "relay-connection": z.optional(connectionId),
  "relay-batch": z.optional(
    wholeNumber("Counts the bodies of a connection, its hello being 1; each is taken once"),
  ),
});

export const eventsQuery = z.strictObject({
  wait: wholeNumber("Seconds after which the answer is empty", { maximum: maxWaitSeconds }),
  after: wholeNumber("The number of the last frame that was received; frames count from 1"),
});
