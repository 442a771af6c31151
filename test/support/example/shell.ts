import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { locate } from '../../controlplane/build.ts';

/** What a command wrote to both outputs, in its order, and how it ended. */
export type Printed = { readonly code: number; readonly output: string };

/** A reader's terminal: what one block of commands exports or defines is there for the next. */
export interface Shell {
  run(commands: string, options?: { seconds?: number }): Promise<Printed>;
}

export type ShellOptions = {
  /** Where the commands run. */
  readonly cwd: string;
  /** Of the shell's own files. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
};

/** A bash with the real kubectl on its PATH and nothing of this process's environment. A block ends at its first command that fails. */
export async function startShell({ cwd, dir, env }: ShellOptions): Promise<Shell> {
  const home = await mkdtemp(join(dir, 'shell-'));
  const bin = join(home, 'bin');
  await mkdir(bin);
  const { kubectl } = await locate({ only: ['kubectl'] });
  await symlink(kubectl.path, join(bin, 'kubectl'));
  const memory = join(home, 'memory.sh');
  await writeFile(memory, '');
  const path = [bin, dirname(process.execPath), process.env['PATH']].join(':');
  return {
    run: async (commands, { seconds = 180 } = {}) => {
      const script = `source '${memory}'\nset -e -o pipefail\n${commands}\n{ export -p; declare -f; } > '${memory}'\n`;
      const child = spawn('bash', ['--noprofile', '--norc', '-c', script], { cwd, env: { PATH: path, HOME: home, LC_ALL: 'C', ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (exit) => resolve(exit ?? 124)));
      return { code, output };
    },
  };
}
