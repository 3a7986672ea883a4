import type { Answers, ProviderAnswers } from "./answers.ts";
import { questions, type Question } from "./questions.ts";
import type { Terminal } from "./terminal.ts";

type Variables = Readonly<Record<string, string>>;

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;
const USERNAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Asks for everything that `known` lacks. An answer that does not hold is asked for again.
 * @param known variables of `.env`
 */
export async function askAnswers(terminal: Terminal, known: Variables): Promise<Answers> {
  let environment = known;
  for (const question of questions)
    environment = { ...environment, ...(await askUntilRight(terminal, question, environment)) };
  const name = await askFor(terminal, "Name of the organisation, as people see it", /./);
  const slug = await askFor(terminal, "Its short name, used at sign-in", SLUG);
  const username = await askFor(terminal, "User name of its first admin", USERNAME);
  const identityProvider = await askProvider(terminal);
  return { environment, tenant: { slug, name }, admin: { username }, identityProvider };
}

async function askProvider(terminal: Terminal): Promise<ProviderAnswers | undefined> {
  const issuer = await terminal.ask(
    "Issuer of the OpenID provider of your staff; leave it empty to add one later",
    "",
  );
  if (issuer === "") return undefined;
  const clientId = await askFor(terminal, "Client id there", /./);
  const secretFile = await askFor(terminal, "File with the client secret", /./);
  const redirectUris = await askList(terminal, "Redirect URI", 1);
  const roles = await askList(terminal, "GROUP=ROLE that a group of people has");
  return { issuer, clientId, secretFile, redirectUris, roles };
}

/** Asks until nothing is typed, and at least `least` times. */
async function askList(terminal: Terminal, question: string, least = 0): Promise<string[]> {
  const list: string[] = [];
  for (;;) {
    const answer = await terminal.ask(`${question}; leave it empty to go on`, "");
    if (answer !== "") list.push(answer);
    else if (list.length >= least) return list;
  }
}

async function askUntilRight(
  terminal: Terminal,
  { about, ask, check }: Question,
  known: Variables,
): Promise<Variables> {
  if (known[about] !== undefined) {
    terminal.say(`${about} is in .env: ${await check(known)}.`);
    return {};
  }
  for (;;)
    try {
      const given = await ask(terminal);
      terminal.say(`${about}: ${await check({ ...known, ...given })}.`);
      return given;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.name === "AbortError")
        throw error;
      terminal.say(error.message);
    }
}

async function askFor(terminal: Terminal, question: string, form: RegExp): Promise<string> {
  for (;;) {
    const answer = await terminal.ask(question);
    if (form.test(answer)) return answer;
    terminal.say("Use small letters, digits and hyphens, and begin with a letter or digit.");
  }
}
