import path from 'node:path';

/** The commands of coding agents, by the name that the log uses. */
const COMMANDS: Readonly<Record<string, string>> = {
  claude: 'claude',
  codex: 'codex',
  gemini: 'gemini',
  opencode: 'opencode',
  aider: 'aider',
  goose: 'goose',
  'cursor-agent': 'cursor',
  copilot: 'copilot',
  amp: 'amp',
  crush: 'crush',
  qwen: 'qwen',
};

/** The packages of those that run in an interpreter, whose process has the interpreter's name. */
const PACKAGES: readonly (readonly [directory: string, agent: string])[] = [
  ['/@anthropic-ai/claude-code/', 'claude'],
  ['/@openai/codex/', 'codex'],
  ['/@google/gemini-cli/', 'gemini'],
  ['/opencode-ai/', 'opencode'],
  ['/@github/copilot/', 'copilot'],
  ['/@sourcegraph/amp/', 'amp'],
  ['/@qwen-code/qwen-code/', 'qwen'],
];

/** Variables that agents set in what they run. */
const VARIABLES: readonly (readonly [variable: string, agent: string])[] = [
  ['CLAUDECODE', 'claude'],
  ['CODEX_SANDBOX', 'codex'],
  ['CODEX_SANDBOX_NETWORK_DISABLED', 'codex'],
  ['CODEX_THREAD_ID', 'codex'],
  ['GEMINI_CLI', 'gemini'],
  ['OPENCODE', 'opencode'],
  ['CURSOR_AGENT', 'cursor'],
  ['GOOSE_TERMINAL', 'goose'],
];

export interface ProcessLooks {
  /** Path of its executable file. */
  readonly program: string;
  /** What it calls itself. */
  readonly name: string;
  readonly argv: readonly string[];
}

/** Gives the agent that a process is, or undefined. */
export function agentOfProcess({ program, name, argv }: ProcessLooks): string | undefined {
  const script = scriptOf(argv) ?? '';
  for (const candidate of [program, name, argv[0] ?? '']) {
    const agent = agentOfName(candidate);
    if (agent !== undefined) return agent;
  }
  if (!/^(node|bun|deno|python[0-9.]*)$/.test(path.basename(program))) return undefined;
  return agentOfName(script) ?? PACKAGES.find(([directory]) => script.includes(directory))?.[1];
}

/** Of an interpreter: the first argument that is no option. */
export function scriptOf(argv: readonly string[]): string | undefined {
  return argv.slice(1).find((word) => !word.startsWith('-'));
}

/** Gives the agent that runs what has this environment, or undefined. Only looks whether a variable is there. */
export function agentOfVariables(has: (variable: string) => boolean): string | undefined {
  return VARIABLES.find(([variable]) => has(variable))?.[1];
}

function agentOfName(file: string): string | undefined {
  const name = path.basename(file);
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}
