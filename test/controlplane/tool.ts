import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

/** A build tool that ended badly. The message carries the last lines it wrote. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly output: string;

  constructor(tool: string, ending: string, lines: readonly string[]) {
    super(`${tool} ended with ${ending}; the last lines it wrote:\n${lines.slice(-30).map((line) => `  ${line}`).join('\n')}`);
    this.output = lines.join('\n');
  }
}

export interface ToolOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Each line of the tool's output, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Path of the leash, once there is one: with it the tool ends when this process does, however it does. */
  readonly leash?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a network hiccup looks like in the output of go and pip; anything else is final at once. */
const transient = /dial tcp|i\/o timeout|TLS handshake|connection (?:reset|refused)|unexpected EOF|context deadline|50[0234] |Temporary failure|Max retries|Read timed out/;

const retryAfterMs = [2_000, 10_000];

/**
 * Runs a tool and returns what it printed. Trouble with the network is retried twice.
 * Throws ToolError when the tool fails, and its own Error when it cannot be started.
 */
export async function runTool(argv: readonly [string, ...string[]], options: ToolOptions): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(argv, options);
    } catch (error) {
      const pause = retryAfterMs[attempt];
      if (!(error instanceof ToolError) || !transient.test(error.output) || pause === undefined) throw error;
      options.onLine?.(`network trouble, trying again in ${pause / 1000} s`);
      await wait(pause, undefined, { signal: options.signal });
    }
  }
}

async function once(argv: readonly [string, ...string[]], { cwd, env, onLine, leash, signal }: ToolOptions): Promise<string> {
  signal?.throwIfAborted();
  const [command, ...args] = leash === undefined ? argv : [leash, ...argv];
  // The leash reads its stdin; without it nothing does.
  const child = spawn(command, args, { cwd, env, stdio: [leash === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  const onAbort = () => child.kill();
  signal?.addEventListener('abort', onAbort, { once: true });
  const lines: string[] = [];
  let rest = '';
  const take = (text: string) => {
    const found = (rest + text).split('\n');
    rest = found.pop() ?? '';
    for (const line of found) {
      lines.push(line);
      onLine?.(line);
    }
  };
  child.stdout!.setEncoding('utf8').on('data', take);
  child.stderr!.setEncoding('utf8').on('data', take);
  try {
    const ending = await new Promise<string | number>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`cannot start ${argv[0]}: ${error.message}`, { cause: error })));
      child.once('close', (code, name) => resolve(code ?? name ?? 'nothing'));
    });
    signal?.throwIfAborted();
    if (rest !== '') lines.push(rest);
    if (ending !== 0) throw new ToolError(argv.slice(0, 3).join(' '), String(ending), lines);
    return lines.join('\n');
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
