import type { CaseKind } from "../cases/case-kind.ts";
import { forgetAccount } from "./account-step.ts";
import { certify } from "./certify.ts";
import { inform } from "./consumers/inform.ts";
import type { ErasureDeps } from "./erasure-deps.ts";
import { endWindow } from "./end-window.ts";
import { fence } from "./fence.ts";
import { forgetOnNodes } from "./forget-on-nodes.ts";
import { erasureMachine } from "./machine.ts";
import { tell } from "./notices/tell.ts";
import { purge, removeFiles } from "./purge.ts";
import { shred } from "./shred.ts";

/** The erasure of a person, step by step: docs/erasure.md describes it. */
export const createErasureCase = (deps: ErasureDeps): CaseKind => ({
  machine: erasureMachine,
  steps: {
    fencing: fence,
    contestable: endWindow(deps),
    shredding: shred(deps),
    erasing_account: forgetAccount(deps),
    purging: purge(deps),
    removing_files: removeFiles(deps),
    forgetting: forgetOnNodes(deps),
    notifying: tell(deps),
    informing: inform(deps),
    certifying: certify(deps),
  },
});
