/** A conversation between a customer and an agent. The people are invented. */
export const sample: readonly { readonly from: "Maya" | "Ben"; readonly text: string }[] = [
  { from: "Maya", text: "Hello, my card was charged twice for the same train ticket." },
  { from: "Ben", text: "Sorry to hear that. What are the last four digits of the card?" },
  { from: "Maya", text: "4021, and the ticket was 38.50 on Tuesday." },
  { from: "Ben", text: "I see both charges. I have refunded the second one just now." },
  { from: "Maya", text: "Thank you! When will I see it?" },
  { from: "Ben", text: "Within three working days. Is there anything else?" },
];
