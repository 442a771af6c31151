import { spawn } from 'node:child_process';
import { locate } from '../../controlplane/build.ts';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real kubectl; what it prints and its exit code are the result, whatever they are. */
export async function kubectl(kubeconfig: string, args: readonly string[], { input = '' }: { input?: string } = {}): Promise<KubectlResult> {
  const { kubectl: program } = await locate({ only: ['kubectl'] });
  const child = spawn(program.path, ['--kubeconfig', kubeconfig, ...args], { stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  // One that has failed already does not read it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (code) => resolve(code ?? 1)));
  return { code, stdout, stderr };
}
