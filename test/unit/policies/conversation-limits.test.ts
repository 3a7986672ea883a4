import { exceededLimit, MAX_MEMBER_DEVICES } from "../../../policies/conversation-limits.ts";

const limits = { perCustomer: 3, perMember: 5 };
const room = { begun: 2, ofMember: 4, devices: MAX_MEMBER_DEVICES };

test("there is room up to each limit, and not beyond it", () => {
  expect(exceededLimit(room, limits)).toBeUndefined();
  expect(exceededLimit({ ...room, begun: 3 }, limits)).toBe("customer_conversations");
  expect(exceededLimit({ ...room, ofMember: 5 }, limits)).toBe("member_conversations");
  expect(exceededLimit({ ...room, devices: MAX_MEMBER_DEVICES + 1 }, limits)).toBe(
    "member_devices",
  );
});
