import { breach } from "./plays/breach.ts";
import { hold } from "./plays/hold.ts";
import { holdDuringErasure } from "./plays/hold-during-erasure.ts";
import { interruptedErasure } from "./plays/interrupted-erasure.ts";
import { interruptedExport } from "./plays/interrupted-export.ts";
import { recordsArchiver } from "./plays/records-archiver.ts";
import { releasedHold } from "./plays/released-hold.ts";
import { repeatedRequests } from "./plays/repeated-requests.ts";
import { restoredBackup } from "./plays/restored-backup.ts";
import { retentionLock } from "./plays/retention-lock.ts";
import { returningPerson } from "./plays/returning-person.ts";
import { sendingDuringErasure } from "./plays/sending-during-erasure.ts";
import { storeAway } from "./plays/store-away.ts";
import { wrongClock } from "./plays/wrong-clock.ts";
import type { Scenario } from "./scenario.ts";

/** All scenarios that can be played, in their order. */
export const scenarios: readonly Scenario[] = [
  hold,
  sendingDuringErasure,
  holdDuringErasure,
  retentionLock,
  interruptedExport,
  returningPerson,
  wrongClock,
  repeatedRequests,
  interruptedErasure,
  restoredBackup,
  breach,
  recordsArchiver,
  releasedHold,
  storeAway,
];
