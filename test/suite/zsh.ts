import { readdirSync } from 'node:fs';
import { openPty } from '../../src/session/pty.ts';
import { MAIN, type TestVault } from '../support/cli.ts';

/** What became of each test, by its file and description. */
export type Results = ReadonlyMap<string, 'passed' | 'failed' | 'skipped'>;

/** More than any file of tests takes on a slow machine. */
const FILE_TIMEOUT_S = 180;

/** Runs zsh's own tests in `directory` on a terminal, bare or in one session. */
export async function runZshTests(
  directory: string,
  vault: TestVault,
  way: 'bare' | 'session',
): Promise<Results> {
  const files = readdirSync(directory).filter((name) => name.endsWith('.ztst'));
  const each = `timeout --foreground ${FILE_TIMEOUT_S} ../Src/zsh +Z -f ./ztst.zsh "$file" </dev/null`;
  const script = `for file in ${files.join(' ')}; do echo "file $file"; ${each}; done`;
  const { VAULT_SHELL_DIR, VAULT_SHELL_HEXKEY, ...rest } = vault.environment;
  const environment = {
    ...rest,
    // As `make check` does, and every test although one failed.
    ZTST_verbose: '1',
    ZTST_continue: '1',
    ZTST_exe: '../Src/zsh',
    TMPPREFIX: `${directory}/tmp`,
    ...(way === 'session' && { VAULT_SHELL_DIR, VAULT_SHELL_HEXKEY }),
  };
  const shell = ['/bin/sh', '-c', script];
  const [file = '', ...args] = way === 'bare' ? shell : [process.execPath, MAIN, '--', ...shell];
  const chunks: Buffer[] = [];
  const pty = openPty({
    launch: { file, args },
    environment: Object.fromEntries(
      Object.entries(environment).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    ),
    cwd: directory,
    size: { columns: 80, rows: 24 },
    onOutput(chunk) {
      chunks.push(Buffer.from(chunk));
      return undefined;
    },
  });
  await pty.done;
  return readResults(Buffer.concat(chunks).toString('latin1').replaceAll('\r', ''));
}

function readResults(output: string): Results {
  const results = new Map<string, 'passed' | 'failed' | 'skipped'>();
  let file = '';
  let name = '';
  for (const line of output.split('\n')) {
    const begins = /(?:^|.)Running test: (.*)/.exec(line)?.[1];
    if (line.startsWith('file ')) file = line.slice('file '.length);
    else if (begins !== undefined) {
      const described = `${file} ${begins}`;
      name = described;
      // Descriptions are not unique.
      for (let n = 2; results.has(name); n++) name = `${described} (${n})`;
      // Until it says something else: it, or its whole file, may end in the middle.
      results.set(name, 'failed');
    } else if (line.includes('Test successful.')) results.set(name, 'passed');
    else if (line.startsWith('Test case skipped')) results.set(name, 'skipped');
    else if (line.startsWith(`${file}: skipped`)) results.set(file, 'skipped');
  }
  return results;
}
