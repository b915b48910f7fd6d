import { connect } from 'node:net';
import { decodeAnswer, encodeRequest, LENGTH_BYTES, MAX_FRAME_BYTES } from './protocol.ts';
import type { Answer, Request } from './protocol.ts';

/** As the hook's (shell/hook/protocol.h): a human may be asked, and a busy vault takes its time. */
const ANSWER_TIMEOUT_MS = 120_000;

/** Asks the broker of a session as the hook does; undefined when no answer came that makes sense. */
export async function askBroker(
  socketPath: string,
  request: Request,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Answer | undefined> {
  const bytes = await exchange(socketPath, encodeRequest(request), timeoutMs);
  if (bytes === undefined || bytes.length < LENGTH_BYTES) return undefined;
  const isWhole = bytes.readUInt32LE(0) === bytes.length - LENGTH_BYTES;
  const answer = isWhole ? decodeAnswer(bytes.subarray(LENGTH_BYTES)) : undefined;
  bytes.fill(0);
  return answer;
}

/** Gives all that comes back until the other side closes; undefined for an error. */
async function exchange(
  socketPath: string,
  request: Buffer,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const socket = connect(socketPath);
    const end = (bytes: Buffer | undefined): void => {
      clearTimeout(timer);
      for (const chunk of chunks) chunk.fill(0);
      socket.destroy();
      resolve(bytes);
    };
    const timer = setTimeout(() => end(undefined), timeoutMs);
    socket.on('error', () => end(undefined));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received > LENGTH_BYTES + MAX_FRAME_BYTES) end(undefined);
    });
    socket.on('end', () => end(Buffer.concat(chunks)));
    socket.write(request);
  });
}
