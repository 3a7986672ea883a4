/** What an app does with `@sealdesk/client/moderation`. */
import { Detectors, sendReviewed } from "../../../client/moderation/index.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { SentMessage } from "../../../client/conversation/waiting-messages.ts";
import { createDetectors } from "../../../moderation/detect/find-all.ts";
import type { ThreadEvents } from "../../../moderation/detect/sandbox/detector-host.ts";

const sent: string[] = [];
const conversation = {
  async send(text: string): Promise<SentMessage> {
    sent.push(text);
    return { seq: sent.length } as SentMessage;
  },
};
beforeEach(() => void sent.splice(0));

const withCard = "It is 4111 1111 1111 1111";

test.each([
  ["masked", ["It is •••• •••• •••• 1111"]],
  ["as_written", [withCard]],
  ["nothing", []],
] as const)("a card number is offered masked; the person chooses %s", async (choice, expected) => {
  await sendReviewed(conversation, withCard, ({ masked }) => {
    expect(masked).toBe("It is •••• •••• •••• 1111");
    return choice;
  });
  expect(sent).toEqual(expected);
});

test("a card verification code never leaves the device, whatever the person chooses", async () => {
  const sending = sendReviewed(conversation, `${withCard}, cvv 123`, () => "as_written");
  await expect(sending).rejects.toMatchObject({ code: "card_code_found" });
  expect(sent).toEqual([]);
});

test("a text without cards is sent without a question", async () => {
  await sendReviewed(conversation, "Hello", () => {
    throw new Error("nobody asks");
  });
  expect(sent).toEqual(["Hello"]);
});

const find = createDetectors();
/** A thread that answers at once. */
const start = ({ onAnswer }: ThreadEvents) => ({
  post: ({ id, text }: { readonly id: number; readonly text: string }) =>
    queueMicrotask(() => onAnswer({ id, findings: find(text) })),
  terminate: () => undefined,
});

/** Answers the questions for the customer's consent in turn. */
const consenting = (...answers: readonly boolean[]) => {
  let asked = 0;
  return {
    async requireConsent(purpose: string): Promise<never> {
      expect(purpose).toBe("moderation");
      if (answers[asked++] !== true) throw new SealdeskError("consent_required", "No consent.");
      return undefined as never;
    },
  };
};

test("messages are judged with the customer's consent only", async () => {
  const detectors = new Detectors(start);
  const text = "I can't breathe, call me at +49 30 1234567";
  const found = await detectors.find(consenting(true, true), text);
  expect(found.urgent.length).toBeGreaterThan(0);
  expect(found.personal).toMatchObject([{ type: "phone" }]);
  const refused = { code: "consent_required" };
  await expect(detectors.find(consenting(false), text)).rejects.toMatchObject(refused);
  // Withdrawn while the text was judged.
  await expect(detectors.find(consenting(true, false), text)).rejects.toMatchObject(refused);
  detectors.close();
});
