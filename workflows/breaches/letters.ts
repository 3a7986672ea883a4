import type { Clock } from "../../policies/breach/clocks.ts";
import { exposures, type Exposure, type TakenKind } from "../../policies/breach/exposure.ts";
import type { RunbookStep } from "../../policies/breach/runbook.ts";
import type { Breach, Verdict } from "./breach-rows.ts";

/** A draft. What stands in square brackets, only the organisation knows. */
export interface Letter {
  readonly audience: Clock["audience"];
  /** The provisions that ask for it. */
  readonly citations: readonly string[];
  readonly text: string;
}

interface Known {
  readonly organisation: string;
  readonly breach: Breach;
  readonly verdict: Verdict | undefined;
  readonly clocks: readonly Clock[];
  readonly runbook: readonly (RunbookStep & { readonly doneAtMs: number | null })[];
}

/**
 * Returns the drafts of the notices: to the authority with what GDPR Article 33(3) and 45 CFR 164.408 ask for, and to the
 * people with what GDPR Article 34(2) and 45 CFR 164.404(c) ask for. Pure.
 */
export const lettersOf = (known: Known): readonly Letter[] =>
  (["authority", "subject"] as const).flatMap((audience) => {
    const citations = known.clocks
      .filter((clock) => clock.audience === audience && clock.state !== "not_due")
      .map(({ citation }) => citation);
    if (citations.length === 0) return [];
    const text = audience === "authority" ? toAuthority(known, citations) : toSubject(known);
    return [{ audience, citations: [...new Set(citations)], text }];
  });

const timeText = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

const takenText: Readonly<Record<TakenKind, string>> = {
  database: "the database",
  backup: "a backup of the database",
  keystore: "the store of wrapped keys",
  kms: "the keys of the key service",
  node: "a running server",
  device: "the device of a member of conversations",
  metadata: "records of who wrote to whom and when",
};

const exposedText: Readonly<Record<Exposure, string>> = {
  content: "the messages of conversations that the device could read",
  profile: "names, e-mail addresses and telephone numbers, as far as they were given",
  ciphertext: "messages that are encrypted end to end, and that nobody can read without a device",
  metadata: "with whom people talked, when and how much",
  sealed: "encrypted records, without the keys that open them",
};

const listText = (items: readonly string[]): string => items.map((each) => `- ${each}`).join("\n");

const takenList = ({ taken }: Breach): string =>
  listText(taken.map(({ what, atMs }) => `${takenText[what]}, as of ${timeText(atMs)}`));

const exposedList = (verdict: Verdict | undefined): string =>
  verdict === undefined
    ? "- This is being assessed."
    : listText(
        exposures.flatMap((each) => {
          const count = verdict.exposed[each] ?? 0;
          return count === 0 ? [] : [`${exposedText[each]}: ${count} people`];
        }),
      );

const measures = (runbook: Known["runbook"]): string =>
  listText(
    runbook.map(({ step, why, doneAtMs }) => {
      const when = doneAtMs === null ? "planned" : `done at ${timeText(doneAtMs)}`;
      return `${step.replaceAll("_", " ")} (${when}): ${why}`;
    }),
  );

function toAuthority(
  { organisation, breach, verdict, runbook }: Known,
  citations: readonly string[],
) {
  return `DRAFT - notice to the authority under ${citations.join("; ")}

Organisation: ${organisation}
Contact for this notice: [name, telephone number and e-mail address of the data protection or privacy officer]

1. What happened
${breach.description}
Discovered: ${timeText(breach.discoveredAtMs)}
Aware: ${timeText(breach.awareAtMs)}
What was taken:
${takenList(breach)}

2. Who and what is affected
People: ${verdict === undefined ? "being assessed" : `${verdict.accounts}, of whom ${verdict.customers} are customers`}
What is exposed:
${exposedList(verdict)}

3. Likely consequences
[what the people must expect]

4. Measures
${measures(runbook)}
[further measures]
`;
}

function toSubject({ organisation, breach, verdict }: Known) {
  const personal = verdict && exposures.filter((each) => (verdict.exposed[each] ?? 0) > 0);
  const what =
    personal === undefined
      ? "- This is being assessed."
      : listText(personal.map((each) => exposedText[each]));
  return `DRAFT - letter to each person

${organisation} writes to you because of a breach of the security of data.

What happened: ${breach.description}
When: we discovered it on ${timeText(breach.discoveredAtMs)}.

What of yours is affected [keep what applies to this person; see the list of accounts]:
${what}

What this can mean for you: [likely consequences]
What you can do: sign in again when you are asked to. [further advice]
What we do: [measures]

Ask us: [name, telephone number, e-mail address or website of the data protection or privacy officer]
`;
}
