import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { parseConfig, problemText, type Config, type ParsedConfig } from '../config.ts';
import { CommandFailure } from './failure.ts';
import { fileTrouble } from './file-trouble.ts';

/** The options that several commands share, each told once. */
export const configOption = { type: 'string', short: 'c', value: 'FILE', description: 'the configuration; - for stdin; default $SIGNET_CONFIG or /etc/signet/signet.yaml' } as const;
export const kubeconfigOption = { type: 'string', value: 'FILE', description: 'how to reach the cluster; default $KUBECONFIG, the pod\'s service account, or ~/.kube/config' } as const;
export const outputOption = { type: 'string', short: 'o', choices: ['table', 'json', 'yaml'], default: 'table', description: 'how to print' } as const;

export const namespaceOption = { type: 'string', short: 'n', value: 'NAME', description: 'where Signet keeps the pairs in use; default the pod\'s own, else signet-system' } as const;

/** Where a pod finds the namespace it runs in (Kubernetes, ServiceAccount admission). */
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Signet's own namespace: what was said, else the pod's, else the conventional one. */
export async function ownNamespace(said: string | undefined): Promise<string> {
  if (said !== undefined) return said;
  try {
    return (await readFile(NAMESPACE_FILE, 'utf8')).trim() || 'signet-system';
  } catch {
    return 'signet-system'; // Not in a pod.
  }
}

const CONVENTIONAL_FILE = '/etc/signet/signet.yaml';

type Source = { readonly config?: string | undefined; readonly env: Readonly<Record<string, string | undefined>>; readonly signal?: AbortSignal };

/**
 * Reads and parses the configuration: `config` is the value of `-c`, then $SIGNET_CONFIG, then the conventional place.
 * `file` is the name to print before a line number. Throws CommandFailure when it cannot be read.
 */
export async function readConfig({ config, env, signal }: Source): Promise<{ readonly file: string; readonly parsed: ParsedConfig }> {
  const path = config ?? (env['SIGNET_CONFIG'] || CONVENTIONAL_FILE);
  const told = config !== undefined ? '-c' : env['SIGNET_CONFIG'] ? '$SIGNET_CONFIG' : 'the conventional place';
  try {
    const text = path === '-' ? await readStdin(signal) : decode(await readFile(path));
    return { file: path === '-' ? '<stdin>' : path, parsed: parseConfig(text) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandFailure(`cannot read the configuration "${path}" (${told}): ${fileTrouble(error)}`, { hints: config === undefined ? ['name the file: -c FILE or SIGNET_CONFIG=FILE'] : [], cause: error });
  }
}

/** The configuration, for a command that can do nothing without. Throws CommandFailure with every problem when it is not right. */
export async function loadConfig(source: Source): Promise<Config> {
  const { file, parsed } = await readConfig(source);
  if (parsed.ok) return parsed.config;
  const problems = parsed.problems.map((problem) => problemText(file, problem));
  throw new CommandFailure([`the configuration is not right:`, ...problems].join('\n  '), { hints: [`signet check -c ${file}`] });
}

async function readStdin(signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin)) chunks.push(chunk as Buffer);
  return decode(Buffer.concat(chunks));
}

/** Bytes that are no UTF-8 would become question marks in a name that is compared. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
