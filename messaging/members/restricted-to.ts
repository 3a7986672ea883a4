/**
 * Returns the SQL of who may open a conversation: the custodians of the holds that cover it, if its processing is
 * restricted; null if it is not. Almost no conversation is, and then nothing is called.
 * @param conversation SQL of its id
 */
export const restrictedTo = (conversation: string): string => `
  case when exists (select from restricted_conversations restricted where restricted.conversation = ${conversation})
    then sealdesk.custodians_of(${conversation}) end`;
