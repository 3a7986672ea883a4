import { toHex } from "../../../crypto/wire/bytes.ts";
import { nilId, type UserId } from "../../../crypto/wire/ids.ts";
import { withBackend, type Backend } from "../backend/open-backend.ts";
import type { Person } from "../device/person.ts";
import { signInSomebody } from "../replay/participants.ts";
import { messageRows, readableByAdministrator, type EventRow } from "./database-view.ts";

type Print = (text: string) => void;

const arrivalMs = 30_000;

/** A conversation between a customer and an agent. The people are invented. */
const sample: readonly { readonly from: "Maya" | "Ben"; readonly text: string }[] = [
  { from: "Maya", text: "Hello, my card was charged twice for the same train ticket." },
  { from: "Ben", text: "Sorry to hear that. What are the last four digits of the card?" },
  { from: "Maya", text: "4021, and the ticket was 38.50 on Tuesday." },
  { from: "Ben", text: "I see both charges. I have refunded the second one just now." },
  { from: "Maya", text: "Thank you! When will I see it?" },
  { from: "Ben", text: "Within three working days. Is there anything else?" },
];

/** Lets a customer and an agent talk. It prints what each sees beside what the database holds. */
export async function showConversation(keep: string | undefined, print: Print): Promise<void> {
  print("Starting a server, a customer's device and an agent's device ...\n");
  await withBackend(keep, (backend) => show(backend, print));
  if (keep !== undefined) print(`\nServe the remaining data with SEALDESK_HOME=${keep} npm start`);
}

async function show(backend: Backend, print: Print): Promise<void> {
  const people = {
    Maya: await signInSomebody(backend, "Maya", true),
    Ben: await signInSomebody(backend, "Ben", false),
  };
  try {
    const { id } = await people.Maya.begin([people.Ben.sealdesk.user.id]);
    await people.Ben.join(id);
    for (const { from, text } of sample) await people[from].say(text);
    for (const person of Object.values(people)) await person.hasShown(sample.length, arrivalMs);

    print(columns("What each person's device shows", "What the database holds of it"));
    print(rule);
    const rows = await messageRows(backend.administrator, id);
    for (const [place, row] of rows.entries())
      print(`${columns(seenBy(people, place), heldOf(row))}\n${rule}`);

    const numbers = await people.Maya.sealdesk.safetyNumbers(people.Ben.sealdesk.user.id);
    const other = await people.Ben.sealdesk.safetyNumbers(people.Maya.sealdesk.user.id);
    print("\nThe safety number, which both devices compute and two people compare:");
    print(`  ${numbers.known}\n  ${other.known}`);
    print("\nAll that a database administrator could read of this conversation:");
    for (const line of await readableByAdministrator(backend.administrator, id)) print(`  ${line}`);
  } finally {
    await Promise.all(Object.values(people).map((person) => person.switchOff()));
  }
}

/** One message on every device, as each device opened it. */
function seenBy(people: Readonly<Record<string, Person>>, place: number): string {
  const names = new Map(
    Object.entries(people).map(([name, { sealdesk }]) => [sealdesk.user.id, name]),
  );
  return Object.entries(people)
    .map(([name, { shown }]) => {
      const message = shown[place];
      const sender = names.get(message?.sender ?? nilId<UserId>());
      return `${name}'s device: ${sender === name ? "I" : sender} said\n  ${message?.text}`;
    })
    .join("\n");
}

const heldOf = ({ seq, epoch, key_id: key, ciphertext }: EventRow): string =>
  `seq ${seq}, epoch ${epoch}, key ${key.slice(0, 13)}...\nciphertext, ${ciphertext.length} bytes:\n` +
  `${toHex(ciphertext.subarray(0, 48))}...`;

const [leftWidth, rightWidth] = [46, 51];

/** Two columns side by side within 100 characters. Long text continues in the next row. */
function columns(left: string, right: string): string {
  const [lefts, rights] = [wrap(left, leftWidth), wrap(right, rightWidth)];
  const rows = Math.max(lefts.length, rights.length);
  return Array.from({ length: rows }, (_, row) =>
    `${(lefts[row] ?? "").padEnd(leftWidth)} | ${rights[row] ?? ""}`.trimEnd(),
  ).join("\n");
}

const rule = `${"-".repeat(leftWidth + 1)}+${"-".repeat(rightWidth + 1)}`;

/** Breaks at spaces, and inside words that are wider than a row. Existing breaks stay. */
function wrap(text: string, width: number): readonly string[] {
  const rows: string[] = [];
  for (const line of text.split("\n")) {
    let rest = line;
    while (rest.length > width) {
      const space = rest.lastIndexOf(" ", width);
      const end = space > 0 ? space : width;
      rows.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    rows.push(rest);
  }
  return rows;
}
