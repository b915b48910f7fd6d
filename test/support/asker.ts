import { connect } from 'node:net';
import { encodeRequest, FLAG, type Request } from '../../src/broker/protocol.ts';
import { decodeAnswerType } from './answers.ts';
import { echoRequest } from './requests.ts';

/*
 * Asks a broker as the hook would, and may lie: `asker.js SOCKET SESSION WHAT`. Prints the type of the answer and what
 * it says. It is a process of its own, so that the kernel has something to say of who asks.
 */
const [, , socketPath = '', session = '', what = ''] = process.argv;
const { pid, ppid } = process;
const truth = { ...echoRequest(pid, session), ppid };
const spawn = { ...truth, pid: 0, ppid: pid, flags: FLAG.SPAWN };

const REQUESTS: Readonly<Record<string, Request>> = {
  truth,
  spawn,
  'another pid': { ...truth, pid: ppid },
  'another ppid': { ...truth, ppid: pid },
  'a spawn of its parent': { ...spawn, ppid },
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
