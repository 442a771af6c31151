import type { Command } from './command.ts';

/**
 * The commands, in the order of the help. Each is loaded when it is called: what `run` needs costs half a second, and `check` must
 * answer at once.
 */
const LOADERS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  run: () => import('./run.ts'),
  demo: () => import('./demo.ts'),
  check: () => import('./check.ts'),
  signers: () => import('./signers.ts'),
  bundle: () => import('./bundle.ts'),
  explain: () => import('./explain.ts'),
  test: () => import('./test.ts'),
  audit: () => import('./audit.ts'),
  rbac: () => import('./rbac.ts'),
  guard: () => import('./guard.ts'),
  version: () => import('./version.ts'),
};

export const commandNames: readonly string[] = Object.keys(LOADERS);

/** undefined when there is no such command. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  const load = Object.hasOwn(LOADERS, name) ? LOADERS[name] : undefined;
  return load === undefined ? undefined : (await load()).command;
}
