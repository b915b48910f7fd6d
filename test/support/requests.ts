import { EXPOSURE, type Resolve } from '../../src/broker/protocol.ts';

/** What the hook asks when `asker`, a child of this process, runs `echo "$VAULT<gh>"`. */
export function echoRequest(asker: number, session: string): Resolve {
  return {
    type: 'resolve',
    pid: asker,
    ppid: process.pid,
    flags: 0,
    session,
    cwd: '/',
    program: '/bin/echo',
    argv: ['echo', '$VAULT<gh>'],
    names: ['gh'],
    exposures: [EXPOSURE.ARGV],
  };
}
