import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { locate } from '../../controlplane/build.ts';
import { until } from './until.ts';

export interface ProcessOptions {
  /** What people call it, in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment; nothing is inherited, so that no variable of the machine changes a test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Both outputs are appended here. */
  readonly log: string;
}

export interface Exit {
  /** The program's exit code, or 128 + the signal that ended it. */
  readonly code: number;
}

/** A real program, run by this one and never longer than it. */
export interface RigProcess extends AsyncDisposable {
  readonly name: string;
  readonly log: string;
  readonly running: boolean;
  readonly exited: Promise<Exit>;
  /** What it wrote since this start; with a number, that many last lines, long ones cut. */
  output(lastLines?: number): string;
  /** Ends it with SIGTERM, and with SIGKILL when it has not gone within ten seconds. */
  stop(): Promise<Exit>;
  /** Ends it with SIGKILL. */
  kill(): Promise<Exit>;
  /** Its process number, which is not the leash's; for reading its memory and CPU time. */
  pid(): Promise<number>;
  /** Stops it as SIGSTOP does: its connections stay open and nothing answers. Frozen when this returns. */
  freeze(): Promise<void>;
  thaw(): void;
}

/** Starts a program under the leash. It is running when this returns, which does not say that it is ready. */
export async function startProcess({ name, command, args, cwd, env = {}, log }: ProcessOptions): Promise<RigProcess> {
  const { leash } = await locate({ only: ['leash'] });
  await mkdir(dirname(log), { recursive: true });
  const file = openSync(log, 'a');
  const from = statSync(log).size;
  writeSync(file, `--- ${new Date().toISOString()} ${[command, ...args].join(' ')}\n`);
  const child = spawn(leash.path, [command, ...args], {
    cwd: cwd ?? dirname(log),
    env: { PATH: process.env.PATH ?? '', HOME: dirname(log), ...env },
    stdio: ['pipe', file, file],
  });
  closeSync(file);
  const leashEnd = child.stdin!;
  // Closing it on one that is gone is no news: `exited` tells.
  leashEnd.on('error', () => undefined);
  let running = true;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot start ${name}: ${error.message}`, { cause: error })));
    child.once('exit', (code, signal) => {
      running = false;
      // The leash exits as its child did; killed itself, it took the child along.
      resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 143) });
    });
  });
  exited.catch(() => {
    running = false;
  });

  const kill = async () => {
    leashEnd.end();
    return exited;
  };
  const stop = async () => {
    // A frozen one would not notice the SIGTERM.
    if (running) child.kill('SIGUSR2');
    if (running) child.kill('SIGTERM');
    const patience = new AbortController();
    const impatient = wait(10_000, undefined, { signal: patience.signal, ref: false }).then(kill, () => exited);
    try {
      return await Promise.race([exited, impatient]);
    } finally {
      patience.abort();
      leashEnd.end();
    }
  };
  return {
    name,
    log,
    get running() {
      return running;
    },
    exited,
    output: (lastLines) => {
      const text = readFileSync(log).subarray(from).toString('utf8');
      return lastLines === undefined ? text : text.trimEnd().split('\n').slice(-lastLines).map((line) => line.slice(0, 600)).join('\n');
    },
    stop,
    kill,
    pid: async () => (await childOf(child.pid!)).pid,
    // The leash turns these two into SIGSTOP and SIGCONT for the child alone.
    freeze: async () => {
      child.kill('SIGUSR1');
      await until(async () => (await childOf(child.pid!)).state.startsWith('T'), { what: `${name} to freeze` });
    },
    thaw: () => void child.kill('SIGUSR2'),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/**
 * The program that a leash holds, as ps sees it. A child that still goes by the leash's own name is not that, or not yet: Go makes one for a moment
 * to find out whether the kernel has pidfd_open, and whoever took its number would read of a process that is gone.
 */
async function childOf(leash: number): Promise<{ pid: number; state: string }> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,pid=,stat=,comm=']);
  const rows = stdout.split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)?.slice(1) ?? []);
  const own = rows.find(([, pid]) => pid === String(leash))?.[3];
  const [, pid, state] = rows.find(([parent, , , command]) => parent === String(leash) && command !== own) ?? [];
  if (pid === undefined || state === undefined) throw new Error(`no child of process ${leash}`);
  return { pid: Number(pid), state };
}
