import { escapeControls } from '../base/text.ts';
import type { PendingApproval, SecretInfo } from '../vault/types.ts';

/**
 * Lays out a request that waits for a human. What may be long comes first: the rest must stand right above
 * the question. Nothing of it is sent to the terminal unescaped.
 */
export function approvalText(
  pending: PendingApproval,
  secrets: readonly SecretInfo[],
  now: number,
): string {
  const waitsS = Math.max(0, Math.round((now - Date.parse(pending.created)) / 1000));
  const asker = readAsker(pending.asker);
  const rows: (readonly [string, string])[] = [
    ['request', `${pending.id}, ${String(waitsS)} s ago, of session ${pending.session}`],
    ['command', pending.command],
    ['directory', pending.cwd],
    ['program', pending.file ?? 'unknown'],
    ['asked by', asker.chain.length === 0 ? 'unknown' : asker.chain.join(' < ')],
    ['agent', asker.agent ?? 'none known'],
    ...pending.secrets.split(',').map((name) => ['secret', secretText(name, secrets)] as const),
  ];
  return rows
    .map(([field, value]) => `${`${field}:`.padEnd(11)}${escapeControls(value)}\n`)
    .join('');
}

function secretText(name: string, secrets: readonly SecretInfo[]): string {
  const info = secrets.find((secret) => secret.name === name);
  if (info === undefined) return `${name} (there is none now)`;
  const { provider, account, environment, access, tags, description } = info;
  const attributes = Object.entries({ provider, account, environment, access, tags, description })
    .filter(([, value]) => value !== null && value !== '')
    .map(([attribute, value]) => `${attribute} ${value ?? ''}`);
  return attributes.length === 0 ? name : `${name} (${attributes.join(', ')})`;
}

interface ShownAsker {
  /** Itself, its parent, and so on. */
  readonly chain: readonly string[];
  readonly agent: string | undefined;
}

/** Whatever cannot be read is not known. */
function readAsker(stored: string | null): ShownAsker {
  try {
    const asker: unknown = JSON.parse(stored ?? '');
    if (!isRecord(asker)) return NOBODY;
    const parents: readonly unknown[] = Array.isArray(asker['parents']) ? asker['parents'] : [];
    const { agent } = asker;
    return {
      chain: [asker, ...parents].map(processText),
      agent: typeof agent === 'string' ? agent : undefined,
    };
  } catch {
    return NOBODY;
  }
}

const NOBODY: ShownAsker = { chain: [], agent: undefined };

function processText(process: unknown): string {
  if (!isRecord(process)) return 'unknown';
  const { program, pid } = process;
  const name = typeof program === 'string' && program !== '' ? program : 'unknown';
  return `${name} (${typeof pid === 'number' ? String(pid) : '?'})`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
