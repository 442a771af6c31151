import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { CommandFailure } from '../failure.ts';

/** An object in etcd has 1.5 MiB at most, and a request within it 64 KiB. */
const MAX_OCTETS = 2 * 1024 * 1024;

/** The content of a file, or of stdin for `-`. Throws CommandFailure when it cannot be read, is empty or too large; `what` names it. */
export async function readInput(path: string, what: string, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of path === '-' ? addAbortSignal(signal, process.stdin) : createReadStream(path, { signal })) {
      octets += (chunk as Buffer).length;
      if (octets > MAX_OCTETS) break;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw new CommandFailure(`cannot read ${what} "${path}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (octets > MAX_OCTETS) throw new CommandFailure(`${what} "${path}" is larger than ${MAX_OCTETS} bytes, more than the API server stores`);
  if (octets === 0) throw new CommandFailure(`${what} "${path}" is empty`);
  return Buffer.concat(chunks);
}
