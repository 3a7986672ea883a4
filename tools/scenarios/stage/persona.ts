import type { SeededRandom } from "../../testkit/seeded-random.ts";

/** An invented person, as the backend of the organisation knows them. */
export interface Persona {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly address: string;
}

const givenNames = ["Maya", "Ebba", "Tomasz", "Adaeze", "Joaquim", "Sigrid", "Leonie", "Kasimir"];
const familyNames = [
  "Lindqvist",
  "Okonkwo",
  "Brzezinski",
  "Castellanos",
  "Thorvaldsen",
  "Haverkamp",
];
const streets = ["Kungsgatan", "Lindenallee", "Rua das Flores", "Harbour Terrace"];

/** Invents a person. No two have the same e-mail address. */
export function inventPersona(random: SeededRandom): Persona {
  const [given, family] = [random.pick(givenNames), random.pick(familyNames)];
  const digits = () => String(random.below(1_000_000)).padStart(6, "0");
  return {
    name: `${given} ${family}`,
    email: `${given}.${family}.${digits()}@example.org`.toLowerCase(),
    phone: `+99 5${digits().slice(0, 2)} ${digits()}`,
    address: `${random.pick(streets)} ${100 + random.below(900)}, ${digits()} Exampleton`,
  };
}

/** How a customer says who they are. */
export const introduction = ({ name, email, phone, address }: Persona): string =>
  `I am ${name}, ${address}. Write to ${email} or call ${phone}.`;
