import { python, type Row } from './row.ts';

const SHELL = { command: ['bash', '--norc', '-i'], environment: { PS1: '$ ' } } as const;

export const disciplineRows: readonly Row[] = [
  {
    name: 'stty -a',
    does: 'all modes of the terminal',
    command: ['stty', '-a'],
    before: 'stty erase ^H -ixon werase ^T',
    expected: 'bytes',
  },
  {
    name: 'a line in cooked mode',
    does: 'Ctrl-H, Ctrl-W, Ctrl-U, Ctrl-V, Ctrl-R, Ctrl-D',
    command: ['sh', '-c', 'echo ready; exec cat -A'],
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      person.send('wrong\x15one twoo\x7f three\x17\x12');
      await person.waitFor('^R\r\none two ');
      person.send('\x16\x03\r');
      await person.look(/\^C\$/);
      person.send('no line end\x04\x04');
    },
  },
  {
    name: 'Ctrl-S, Ctrl-Q',
    does: 'stop the output, and let it go on',
    command: ['sh', '-c', 'stty -ixany; echo ready; exec cat'],
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      await person.type('one\r', /one\none/);
      await person.type('\x13two\r', /one$/);
      await person.type('\x11', /two\ntwo/);
      person.send('\x04');
    },
  },
  {
    name: 'Ctrl-C',
    does: 'to a program that catches it, and to one that does not',
    command: [
      'sh',
      '-c',
      `trap 'echo caught' INT; echo ready; read x; trap - INT; echo again; exec cat`,
    ],
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      await person.type('\x03', /caught/);
      await person.type('\r', /again/);
      person.send('\x03');
    },
  },
  {
    name: 'Ctrl-\\',
    does: 'ends with 131, without a core file',
    command: ['sh', '-c', 'ulimit -c 0; echo ready; exec cat'],
    expected: 'bytes',
    async play(person) {
      await person.look(/ready/);
      person.send('\x1c');
    },
  },
  {
    name: 'Ctrl-Z',
    does: 'in a shell: stopped, bg, fg, the end of the job',
    ...SHELL,
    expected: 'bytes',
    async play(person) {
      await person.look(/\$$/);
      await person.type("sh -c 'echo up; exec cat'\r", /\nup/);
      await person.type('\x1a', /Stopped[^]*\$$/);
      await person.type('fg\r', /fg\nsh .*$/);
      await person.type('one\r', /one\none/);
      await person.type('\x04', /\$$/);
      person.send('exit\r');
    },
  },
  {
    name: 'jobs',
    does: 'in the background, stopped for input, ended, waited for, in front again',
    ...SHELL,
    expected: 'bytes',
    apart: { from: 'the pids', mask: (text) => text.replaceAll(/(\[\d\] |\()\d+/g, '$1N') },
    async play(person) {
      await person.look(/\$$/);
      await person.type('cat & sleep 1000 &\r', /\[2\][^]*\$$/);
      await person.type('jobs\r', /Stopped[^]*Running[^]*\$$/);
      await person.type('kill %2; wait %2\r', /Terminated[^]*\$$/);
      await person.type('fg\r', /fg\ncat$/);
      await person.type('\x04', /\$$/);
      person.send('exit\r');
    },
  },
  {
    name: 'a window that changes',
    does: 'its size, before and after; SIGWINCH',
    command: [
      'bash',
      '-c',
      `n=0; trap 'stty size; n=$((n + 1))' WINCH; stty size; while [ $n -lt 2 ]; do sleep 0.01; done`,
    ],
    size: { columns: 90, rows: 20 },
    expected: 'bytes',
    async play(person) {
      await person.look(/20 90/);
      person.resize(120, 40);
      await person.look(/40 120/);
      person.resize(60, 5);
    },
  },
  {
    name: 'a window without a size',
    does: '`stty size` where the terminal says 0 by 0',
    command: ['stty', 'size'],
    before: 'stty columns 0 rows 0',
    expected: { why: 'it is 80 by 24', bare: /^0 0\r\n/, session: /^24 80\r\n/ },
  },
  {
    name: 'TERM, COLUMNS, LINES, TMUX',
    does: 'are as they were',
    command: [
      'sh',
      '-c',
      'echo "$TERM $COLUMNS $LINES $TMUX $COLORTERM"; unset x; echo "${LS_COLORS-unset}"',
    ],
    environment: { COLUMNS: '77', LINES: '11', TMUX: '/tmp/x,1,0', COLORTERM: 'truecolor' },
    expected: 'bytes',
  },
  {
    name: 'the environment',
    does: '`env`',
    command: ['env'],
    expected: {
      why: 'the variables that a session adds (LD_PRELOAD, VAULT, VAULT_FILE, VAULT_SHELL_SOCKET, VAULT_SHELL_SESSION, the end of PATH) or names itself in (SHELL)',
      bare: /^(?![^]*VAULT)/,
      session: /VAULT_SHELL_SOCKET/,
    },
  },
  {
    name: 'the rest of the environment',
    does: '`env` without these',
    command: ['sh', '-c', 'env | grep -Ev "^(LD_PRELOAD|VAULT.*|SHELL|PATH|_)=" | sort'],
    expected: 'bytes',
  },
  {
    name: 'tty',
    does: 'the name of the terminal',
    command: ['tty'],
    expected: {
      why: 'a session has a terminal of its own',
      bare: /^\/dev\/pts\/\d+\r\n$/,
      session: /^\/dev\/pts\/\d+\r\n$/,
    },
  },
  {
    name: 'the controlling terminal',
    does: 'session, process group and foreground group of the program',
    command: python(`
import os
print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid(), os.tcgetpgrp(0) == os.getpid())
print(os.ttyname(0) == os.ttyname(1) == os.ttyname(2), open('/dev/tty').isatty())
`),
    expected: 'bytes',
  },
  {
    name: 'open files',
    does: 'descriptors that the program is given',
    command: python(`
import os
print(sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)))
`),
    expected: 'bytes',
  },
  {
    name: 'signals',
    does: 'those that the program is started with blocked or ignored',
    command: ['grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'],
    expected: 'bytes',
  },
  {
    name: 'limits',
    does: '`ulimit -a`, the umask, the nice value',
    before: 'ulimit -c 0',
    command: ['sh', '-c', 'ulimit -a; ulimit -Ha; umask; nice; cat /proc/self/oom_score_adj'],
    expected: 'bytes',
  },
  {
    name: 'core files',
    does: '`ulimit -c` where they are wanted',
    command: ['sh', '-c', 'ulimit -c; ulimit -Hc'],
    before: 'ulimit -c "$(ulimit -Hc)"',
    expected: {
      why: 'the soft limit is 0, as one would hold values; the hard one is as it was',
      bare: /^(\S+)\r\n\1\r\n/,
      session: /^0\r\n\S+\r\n/,
    },
  },
  {
    name: 'script',
    does: 'a terminal in the terminal, its exit code',
    command: ['script', '-qec', 'stty size; echo ünï; exit 6', '/dev/null'],
    expected: 'bytes',
  },
  {
    name: 'exit codes',
    does: 'of a shell whose child was killed',
    command: [
      'sh',
      '-c',
      `sh -c 'kill -9 $$'; echo $?; sh -c 'kill -TERM $$'; echo $?; nosuchcommand; echo $?; exit 77`,
    ],
    expected: 'bytes',
  },
  {
    name: 'a program ended by a signal',
    does: '`kill -TERM $$`: 143',
    command: ['sh', '-c', 'echo last; kill -TERM $$'],
    expected: 'bytes',
  },
];
