import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { CommandFailure } from '../failure.ts';
import { fileTrouble } from '../file-trouble.ts';

/** An object in etcd has 1.5 MiB at most, a request within it 64 KiB, and a file of cases some pages. */
const MAX_OCTETS = 2 * 1024 * 1024;

const KINDS = {
  request: 'a request is PEM, DER, or what "kubectl get csr NAME -o yaml" prints',
  cases: 'a file of cases is YAML: "signet help test" has one',
} as const;

/** The content of a file, or of stdin for `-`. Throws CommandFailure when it cannot be read, is empty or too large. */
export async function readInput(path: string, kind: keyof typeof KINDS, signal: AbortSignal): Promise<Buffer> {
  const fail = (problem: string, cause?: unknown): CommandFailure => new CommandFailure(`cannot read the ${kind} "${path}": ${problem}`, { hints: [KINDS[kind]], cause });
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of path === '-' ? addAbortSignal(signal, process.stdin) : createReadStream(path, { signal })) {
      octets += (chunk as Buffer).length;
      if (octets > MAX_OCTETS) break;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw fail(fileTrouble(error), error);
  }
  if (octets > MAX_OCTETS) throw fail(`it is larger than ${MAX_OCTETS} bytes`);
  if (octets === 0) throw fail('it is empty');
  return Buffer.concat(chunks);
}
