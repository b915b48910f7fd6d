import { connect } from 'node:net';
import { decodeAnswerType } from './answers.ts';
import { encodeRequest, EXPOSURE, FLAG, type Request } from '../../src/broker/protocol.ts';

/*
 * Asks a broker as the hook would, and may lie: `asker.js SOCKET SESSION WHAT`. Prints the type of the answer and what
 * it says. It is a process of its own, so that the kernel has something to say of who asks.
 */
const [, , socketPath = '', session = '', what = ''] = process.argv;
const { pid, ppid } = process;
const ask = {
  session,
  cwd: '/',
  program: '/bin/echo',
  argv: ['echo', '$VAULT<gh>'],
  names: ['gh'],
  exposures: [EXPOSURE.ARGV],
};

const REQUESTS: Readonly<Record<string, Request>> = {
  truth: { type: 'resolve', pid, ppid, flags: 0, ...ask },
  spawn: { type: 'resolve', pid: 0, ppid: pid, flags: FLAG.SPAWN, ...ask },
  'another pid': { type: 'resolve', pid: ppid, ppid, flags: 0, ...ask },
  'another ppid': { type: 'resolve', pid, ppid: pid, flags: 0, ...ask },
  'a spawn of its parent': { type: 'resolve', pid: 0, ppid, flags: FLAG.SPAWN, ...ask },
  'a hello of another': { type: 'hello', pid: ppid, ppid, session },
  'a hello from further down': { type: 'hello', pid, ppid, session },
  'a spawned of another': { type: 'spawned', grant: 'g', pid, ppid },
  'a reaped of another': { type: 'reaped', pid, ppid, status: 0 },
};

const request = REQUESTS[what];
if (request === undefined) throw new Error(`no such request: ${what}`);
const socket = connect(socketPath);
const chunks: Buffer[] = [];
socket.on('data', (chunk: Buffer) => chunks.push(chunk));
socket.on('close', () => {
  process.stdout.write(`${decodeAnswerType(Buffer.concat(chunks))}\n`);
});
socket.write(encodeRequest(request));
