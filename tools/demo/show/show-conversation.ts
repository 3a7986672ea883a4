import { toHex } from "../../../crypto/wire/bytes.ts";
import { nilId, type UserId } from "../../../crypto/wire/ids.ts";
import { withBackend, type Backend } from "../backend/open-backend.ts";
import type { Person } from "../device/person.ts";
import { signInSomebody } from "../replay/participants.ts";
import { columns, rule } from "./columns.ts";
import { messageRows, readableByAdministrator, type EventRow } from "./database-view.ts";
import { sample } from "./sample.ts";

type Print = (text: string) => void;

const arrivalMs = 30_000;

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
