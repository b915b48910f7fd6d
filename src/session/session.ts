import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { VaultShellError } from '../base/errors.ts';
import { boundYoungGeneration, compileLater } from '../base/v8.ts';
import { native } from '../base/native.ts';
import type { Environment } from '../base/paths.ts';
import { noteOutputs } from '../broker/output-file.ts';
import {
  startBroker,
  type Broker,
  type BrokerOptions,
  type BrokerStore,
  type NamedValue,
} from '../broker/server.ts';
import { NeedleSet } from '../redact/needles.ts';
import { openMasking, Redactor } from '../redact/redactor.ts';
import { adoptOrphans } from './adoption.ts';
import { childEnvironment } from './environment.ts';
import { exitStatus, type Exit } from './exit.ts';
import type { Filter } from './filter.ts';
import { serveFilter } from './filter-service.ts';
import { openGate, type Gate } from './gate.ts';
import { hookReaches } from './hook-reach.ts';
import { findHuman, type Human } from './human.ts';
import { probeHook } from './probe.ts';
import { runInPipes } from './pipes.ts';
import type { Launch } from './program.ts';
import { runInTerminal } from './proxy.ts';
import {
  makeBinDirectory,
  makeRuntimeDirectory,
  preloadPath,
  type RuntimeDirectory,
} from './runtime-directory.ts';

/** What a session needs of a vault. */
export interface SessionStore extends BrokerStore {
  /** Calls `listener` with all of them when another process changed any. */
  onValues(listener: (values: readonly NamedValue[]) => void): void;
  /** The process that owns the file, where there is one and Node reaps it. */
  readonly nodesPid?: number | undefined;
}

export interface SessionOptions {
  /** Directory of the vault; for `status`. */
  readonly vault: string;
  readonly launch: Launch;
  readonly environment: Environment;
  readonly cwd: string;
  /** A PTY on our terminal; else two pipes. */
  readonly terminal: boolean;
  readonly store: SessionStore;
  /** Every value of the vault: all are masked, asked for or not. Awaited before anything of the program's runs. */
  readonly values: Promise<readonly NamedValue[]>;
  /** The preload library. */
  readonly hook: string;
  /** The files of vault-shell's commands, when they are not found in PATH. */
  readonly commands: readonly string[] | undefined;
  /** What SHELL is in the session; as it is when undefined. */
  readonly shell: string | undefined;
  /** Whoever sits at our terminal may be asked there. */
  readonly dialog: boolean;
  /** How a use that needs a human's approval gets one. */
  readonly approval?: Pick<BrokerOptions, 'askHuman' | 'verdict' | 'approvalTimeoutMs'> | undefined;
  /**
   * Gives values to the program itself, before it starts; the hook gives them to what it starts later.
   * Called once the redactor masks every value. May throw DENIED.
   */
  readonly prepare?: ((broker: Broker) => Promise<Prepared>) | undefined;
}

export interface Prepared {
  readonly args: readonly string[];
  /** Set on top of the session's environment. */
  readonly environment: ReadonlyMap<string, string>;
  /** The row that waits for the program's exit code. */
  readonly operation: string | undefined;
}

/**
 * Runs one program in a session and gives its exit code (128+N for signal N). By then its output is written,
 * the terminal is as it was, exit codes are in the log, and needles and socket are gone.
 */
export async function runSession(options: SessionOptions): Promise<number> {
  compileLater();
  const { store } = options;
  const needles = new NeedleSet();
  const since = new Date().toISOString();
  let names: readonly string[] = [];
  const learn = (values: readonly NamedValue[]): void => {
    for (const value of values) addNeedle(needles, value);
  };
  const learnAll = (values: readonly NamedValue[]): void => {
    learn(values);
    names = values.map(({ name }) => name);
  };
  const runtime = makeRuntimeDirectory({
    environment: options.environment,
    temporary: tmpdir(),
  });
  const session = `${String(process.pid)}-${randomBytes(8).toString('hex')}`;
  const gate = openGate();
  const redact = (text: string): string => redactText(needles, text);
  const makeFilter = (): Filter => gate.guard(openMasking(needles));
  const human = options.dialog ? findHuman(options.environment, redact) : undefined;
  let broker: Broker | undefined;
  try {
    store.onValues((values) => {
      try {
        learnAll(values);
      } catch (error) {
        gate.fail(error);
      }
    });
    broker = await startBroker({
      directory: runtime.path,
      session,
      store,
      environment: options.environment,
      ...options.approval,
      onRelease: learn,
      redactText: redact,
      system: native(),
      onHello: (pid) => gate.hello(pid),
      onFilter: (connection, onTerminal) => serveFilter(connection, makeFilter(), onTerminal),
      names: () => names,
      status: () => ({
        id: session,
        pid: process.pid,
        since,
        vault: options.vault,
        terminal: options.terminal,
        masked: needles.counts(),
      }),
      ...(human && { askHuman: human.ask }),
    });
    const environment = childEnvironment({
      base: options.environment,
      hook: preloadPath(options.hook, runtime.path),
      socket: broker.socketPath,
      session,
      shell: options.shell,
      binDirectory:
        options.commands === undefined
          ? undefined
          : makeBinDirectory(options.commands, runtime.path),
    });
    const [values] = await Promise.all([options.values, probeHook(environment, gate)]);
    learnAll(values);
    boundYoungGeneration();
    const prepared = await options.prepare?.(broker);
    for (const [name, value] of prepared?.environment ?? []) environment[name] = value;
    const exit = await runChild(options, {
      prepared,
      environment,
      makeFilter,
      gate,
      broker,
      runtime,
      human,
    });
    return exitStatus(exit);
  } finally {
    await broker?.close();
    needles.wipe();
    runtime.remove();
  }
}

/** All that a session's program needs to start. */
interface Ready {
  readonly prepared: Prepared | undefined;
  readonly environment: Record<string, string>;
  readonly makeFilter: () => Filter;
  readonly gate: Gate;
  readonly broker: Broker;
  readonly runtime: RuntimeDirectory;
  readonly human: Human | undefined;
}

async function runChild(
  { launch, cwd, terminal, store }: SessionOptions,
  { prepared, environment, makeFilter, gate, broker, runtime, human }: Ready,
): Promise<Exit> {
  const child = {
    launch: { ...launch, args: prepared?.args ?? launch.args },
    environment,
    cwd,
    stop: gate.stop,
  };
  let childPid = 0;
  const started = (pid: number, onHello: () => void): void => {
    childPid = pid;
    const heard = (): void => {
      runtime.markStarted();
      onHello();
    };
    if (hookReaches(launch.file)) gate.expect(pid, heard);
    else heard();
  };
  const leaveOrphans = adoptOrphans({
    spared: () => [childPid, store.nodesPid ?? 0],
    onEnd: (pid, exitCode) => broker.recordExit(pid, exitCode),
  });
  const running = terminal
    ? runInTerminal({
        ...child,
        filter: makeFilter(),
        onStart: ({ pid, inheritModes, listen, ask }) => {
          human?.moveTo(ask);
          started(pid, () => {
            inheritModes();
            listen();
          });
        },
      })
    : runInPipes({
        ...child,
        makeFilter,
        onOutputs: (fds) => noteOutputs(runtime.path, fds),
        onStart: (pid) => started(pid, () => undefined),
      });
  const exit = await running.finally(leaveOrphans);
  gate.check();
  // `exec prog` in the shell: nobody but us reaps it.
  broker.recordExit(childPid, exitStatus(exit));
  if (prepared?.operation !== undefined) {
    await store.recordExit(prepared.operation, exitStatus(exit));
  }
  return exit;
}

function addNeedle(needles: NeedleSet, { name, value }: NamedValue): void {
  try {
    needles.add({ name, value: value.reveal() });
  } catch (error) {
    // `set` refuses such values; somebody wrote this one past it.
    throw new VaultShellError('BAD_VALUE', 'a value of the vault is too short to be masked', {
      hint: 'remove it: a session shows nothing that it cannot redact',
      cause: error,
    });
  }
}

function redactText(needles: NeedleSet, text: string): string {
  // For the log and for questions: no output of a program.
  const redactor = new Redactor({ needles, counted: false });
  return Buffer.concat([redactor.write(Buffer.from(text)), redactor.end()]).toString();
}
