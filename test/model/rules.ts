/** The functions of the SDK that the devices of the model run. A test replaces one to plant a fault. */
import { isMember } from "../../client/conversation/assert-member.ts";
import { judgeControl, withoutReceipt } from "../../client/conversation/judge-control.ts";
import { isSameLog, refusalOf } from "../../client/conversation/judge-message.ts";
import { isOvertaken } from "../../client/conversation/outbox.ts";
import { classifyEvent, classifyGap } from "../../client/conversation/sequence-check.ts";
import { findMislistedMember } from "../../client/conversation/sessions.ts";
import { stateAfterGap } from "../../client/conversation/state.ts";
import { step } from "../../client/conversation/step.ts";
import { isSilenced } from "../../client/device/removed-devices.ts";
import { openPayload } from "../../crypto/device/payload.ts";

export const rules = {
  classifyEvent,
  classifyGap,
  judgeControl,
  withoutReceipt,
  refusalOf,
  openPayload,
  isSameLog,
  step,
  stateAfterGap,
  isMember,
  findMislistedMember,
  isOvertaken,
  isSilenced,
};

export type Rules = typeof rules;
