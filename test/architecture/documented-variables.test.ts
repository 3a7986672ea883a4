import { readFileSync } from "node:fs";
import { composeVariables, knownVariables } from "../../keys/environment/known-variables.ts";

/** Where variables of the environment are read: as keys of a schema, or by name. */
const sources = ["keys/environment/variables.ts", "keys/kms/kms-settings.ts"];

function variablesOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const names = /^ {2}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*):/gm;
  return Array.from(text.matchAll(names), ([, name = ""]) => name);
}

test("README lists every variable that the server and the commands read", () => {
  const variables = [...new Set(sources.flatMap(variablesOf))];
  expect(variables.length).toBeGreaterThan(40);
  const readme = readFileSync("README.md", "utf8");
  const listed = new Set(Array.from(readme.matchAll(/`([A-Z0-9_]+)`/g), ([, name = ""]) => name));
  expect(variables.filter((name) => !listed.has(name))).toEqual([]);
});

test("the list of known variables is what the server and the commands read", () => {
  expect(knownVariables).toEqual([...new Set(sources.flatMap(variablesOf))].toSorted());
});

test("the list of docker-compose.yml's variables names each that is not the server's own", () => {
  const compose = readFileSync("docker-compose.yml", "utf8");
  const named = Array.from(compose.matchAll(/\$\{([A-Z0-9_]+)/g), ([, name = ""]) => name);
  const others = new Set(named.filter((name) => !knownVariables.includes(name)));
  expect([...others].toSorted()).toEqual([...composeVariables].toSorted());
});
