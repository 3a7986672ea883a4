import type { Command } from "commander";
import type { Print } from "../../output.ts";
import type { Settings } from "../../settings.ts";
import { ledgerStatus, replayLedger, verifyLedger } from "./ledger.ts";

/** `sealdesk ledger ...` */
export function registerLedger(program: Command, print: Print, settings: () => Settings): void {
  const ledger = program
    .command("ledger")
    .description("The ledger of erasures outside the database (docs/restore.md)");
  ledger
    .command("status")
    .description("Show how far the database and the keystore have carried it out")
    .action(async () => print(await ledgerStatus(settings())));
  ledger
    .command("verify")
    .description("Verify every entry: signature, order and hashes; needs no database")
    .action(async () => print(await verifyLedger(settings())));
  ledger
    .command("replay")
    .description("Carry out the entries that a restored database or keystore lacks")
    .action(async () => print(await replayLedger(settings())));
}
