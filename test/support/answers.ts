import { LENGTH_BYTES, TYPE } from '../../src/broker/protocol.ts';

/** Gives an answer as text: `ok`, `values`, `denied: <message>` or `nothing`. */
export function decodeAnswerType(answer: Buffer): string {
  if (answer.length < LENGTH_BYTES + 2) return 'nothing';
  const type = answer[LENGTH_BYTES + 1];
  if (type === TYPE.OK) return 'ok';
  if (type === TYPE.VALUES) return 'values';
  return `denied: ${answer.toString('utf8', LENGTH_BYTES + 2 + 4)}`;
}
