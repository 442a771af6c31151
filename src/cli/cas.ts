import { loadPair, type CaPair, type LoadedPair, type PairFiles } from '../adapters/authorities/pair.ts';
import { sharedTrust } from '../adapters/authorities/conflict.ts';
import { ApiFailure, portError } from '../adapters/kubernetes/api-failure.ts';
import type { Connection } from '../adapters/kubernetes/connection.ts';
import type { Config, SignerConfig } from '../config.ts';
import type { ObjectName } from '../config/values.ts';
import { adoption } from '../core/adopt.ts';
import { ownSecretName } from '../core/own-secret.ts';

/** What the cluster says of one signer's CA, as a command sees it. */
export type CaView = {
  readonly signer: string;
  /** The pair that signs: Signet's own copy, or, as long as there is none, the source it will adopt. */
  readonly pair: CaPair | null;
  /** `ready`; `new`: the source is good and not adopted yet; `held`: another pair waits; `unavailable`. */
  readonly state: 'ready' | 'new' | 'held' | 'unavailable';
  /** Why, in words; empty when there is nothing to say. */
  readonly why: string;
  /** Signers whose CA cannot be told apart from this one. */
  readonly shared: readonly string[];
};

export type ReadCasOptions = { readonly connection: Connection; readonly config: Config; /** Signet's own namespace. */ readonly namespace: string; readonly signal: AbortSignal };

/** Reads the source and the own Secret of every signer once. Throws Unavailable when the cluster does not answer, Refusal when it may not be asked. */
export async function readCas({ connection, config, namespace, signal }: ReadCasOptions): Promise<CaView[]> {
  const views = await Promise.all(
    config.signers.map(async (signer) => {
      const [source, own] = await Promise.all([readSecret(connection, signer.ca.secret, signal), readSecret(connection, { namespace, name: ownSecretName(signer.name) }, signal)]);
      return view(signer, load(source, signer), own === null ? null : load(own, signer));
    }),
  );
  return views.map((each) => ({ ...each, shared: views.filter((other) => other !== each && each.pair !== null && other.pair !== null && sharedTrust(each.pair, other.pair) !== null).map(({ signer }) => signer) }));
}

function view({ name, ca }: SignerConfig, source: LoadedPair, own: LoadedPair | null): Omit<CaView, 'shared'> {
  const sourceName = `Secret ${ca.secret.namespace}/${ca.secret.name}`;
  const inUse = own?.ok === true ? own.pair : null;
  if (inUse === null) return source.ok ? { signer: name, pair: source.pair, state: 'new', why: `${sourceName} is not adopted yet; is Signet running?` } : { signer: name, pair: null, state: 'unavailable', why: `${sourceName} ${source.problem}` };
  if (!source.ok) return { signer: name, pair: inUse, state: 'held', why: `${sourceName} ${source.problem}; the pair in use goes on` };
  const verdict = adoption(inUse, source.pair);
  return verdict.do === 'hold' ? { signer: name, pair: inUse, state: 'held', why: `${sourceName} holds a pair that waits for a rotation: ${verdict.why}` } : { signer: name, pair: inUse, state: 'ready', why: '' };
}

function load(files: PairFiles | null, signer: SignerConfig): LoadedPair {
  return files === null ? { ok: false, problem: 'does not exist' } : loadPair(files, signer);
}

async function readSecret({ transport }: Connection, { namespace, name }: ObjectName, signal: AbortSignal): Promise<PairFiles | null> {
  try {
    const secret = JSON.parse(await transport.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}/secrets/${name}`, signal })) as { data?: Record<string, string> };
    return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return null;
    throw portError(error, 'run this as somebody who may read the CA Secrets, such as Signet itself');
  }
}
