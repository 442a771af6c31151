import { runCli } from '../../src/cli/cli.ts';

export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs one command line in this process. */
export async function commandLine(argv: readonly string[], { env = {}, now = () => new Date() }: { env?: Readonly<Record<string, string>>; now?: () => Date } = {}): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({ isTTY: false, write: (text: string) => void (written[name] += text) });
  const code = await runCli(argv, { env, stdout: output('stdout'), stderr: output('stderr'), now, signal: new AbortController().signal });
  return { code, ...written };
}
