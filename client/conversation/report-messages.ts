import {
  MOST_REPORTED,
  newReport,
  reportReasons,
  submittedReport,
  type ReportReason,
} from "../../contract/reports.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { ConversationId, Given, ReportId, TenantId } from "../../crypto/wire/ids.ts";
import { given, integer, listOf, object, oneOf, optional, text } from "../arguments.ts";
import { SealdeskError } from "../errors.ts";
import { writeBody } from "../http/messages.ts";
import type { Request } from "../http/transport.ts";
import { discloseMessage } from "./disclose.ts";

/** What a member reports to the moderators. */
export interface ReportRequest {
  readonly conversation: Given<ConversationId>;
  readonly reason: ReportReason;
  /** The numbers of the reported messages. One other member sent them all. */
  readonly messages: readonly number[];
  /** The numbers of messages that make the others understood, if the person agrees to show them. */
  readonly context?: readonly number[];
}

interface ReportingDeps {
  readonly request: Request;
  readonly store: DeviceStore;
  readonly account: { readonly tenant: TenantId };
}

const numbers = listOf(integer(1), MOST_REPORTED);

/** @see Sealdesk.report */
export async function reportMessages(
  { request, store, account }: ReportingDeps,
  asked: ReportRequest,
): Promise<ReportId> {
  object({
    conversation: text(),
    reason: oneOf(...reportReasons),
    messages: numbers,
    context: optional(numbers),
  })(asked, "request");
  const { reason, messages, context = [] } = asked;
  const conversation = given(asked.conversation, "request.conversation");
  const chosen = [
    ...messages.map((seq) => ({ seq, isContext: false })),
    ...context.map((seq) => ({ seq, isContext: true })),
  ];
  const disclosed = await store.read((transaction) =>
    Promise.all(
      chosen.map(async ({ seq, isContext }) => {
        const found = await discloseMessage(transaction, account.tenant, conversation, seq);
        if (found === undefined)
          throw new SealdeskError(
            "invalid_argument",
            `This device has no message ${seq} that it shows. Report messages that it has.`,
          );
        const { frankingTag, frankingKey, signature, payload } = found.message;
        return { seq, isContext, frankingTag, frankingKey, signature, payload };
      }),
    ),
  );
  const body = writeBody(newReport, { conversation, reason, messages: disclosed });
  const path = "v1/reports";
  return (await request({ method: "POST", path, body, answer: submittedReport })).id;
}
