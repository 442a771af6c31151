import { Unavailable } from '../../control/errors.ts';
import { PassingTrouble } from '../authorities/issuer.ts';
import type { PairFiles } from '../authorities/pair.ts';
import { ApiFailure, isPassing } from '../kubernetes/api-failure.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { readOne } from '../kubernetes/read-one.ts';
import type { WireSecret } from '../kubernetes/wire.ts';

/**
 * The files of a CA in a Secret; null: there is none. It takes the verb get, and neither list nor watch: nothing can be read whose name is not
 * known. Throws Unavailable; PassingTrouble for trouble that says nothing about the Secret.
 */
export async function readFiles(connection: Connection, { namespace, name }: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<PairFiles | null> {
  // An issuer may name anything, and the path of another object must not come out of it.
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)) return null;
  try {
    const secret = await readOne<WireSecret>(connection, `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`, name, signal);
    if (secret === null) return null;
    const files = ['tls.crt', 'tls.key', 'ca.crt'].flatMap((file) => (secret.data?.[file] === undefined ? [] : [[file, Buffer.from(secret.data[file], 'base64')] as const]));
    return Object.fromEntries(files);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (isPassing(error)) throw new PassingTrouble(error.message, { cause: error, retryAfter: error.retryAfter });
    throw new Unavailable(`${error.message}; it takes the verb get on Secrets of namespace ${namespace}; "signet rbac" prints the whole Role`, { cause: error });
  }
}
