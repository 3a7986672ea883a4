import { Command } from "commander";
import { groups } from "../../../cli/command-groups.ts";

const given = {
  print: async () => undefined,
  settings: () => {
    throw new Error("no command runs here");
  },
  operator: () => {
    throw new Error("no command runs here");
  },
};

// Else a command line with the name of another group among its options would not find its command.
test("each group is named by the first words of its commands", async () => {
  for (const { words, register } of groups) {
    const program = new Command();
    await register(program, given);
    expect(program.commands.map((command) => command.name())).toEqual(words);
  }
});
