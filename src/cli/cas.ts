import { clash } from '../adapters/authorities/conflict.ts';
import { loadPair, type CaPair, type PairFiles } from '../adapters/authorities/pair.ts';
import { SecretAuthority } from '../adapters/authorities/secret.ts';
import { ApiFailure, portError } from '../adapters/kubernetes/api-failure.ts';
import type { Connection } from '../adapters/kubernetes/connection.ts';
import type { Config, SignerConfig } from '../config.ts';
import type { ObjectName } from '../config/values.ts';
import { Unavailable } from '../control/errors.ts';
import { ownSecretName } from '../core/own-secret.ts';

/** What the cluster says of one signer's CA, as a command sees it. */
export type CaView = {
  readonly signer: string;
  /** The pair that signs: Signet's own copy, or, as long as there is none, the source it will adopt. */
  readonly pair: CaPair | null;
  /** `ready`; `held`: it signs and another pair waits; `new`: the source is good and not adopted yet; `expired`; `unavailable`. */
  readonly state: 'ready' | 'held' | 'new' | 'expired' | 'unavailable';
  /** Why, in words; empty when there is nothing to say. */
  readonly why: string;
};

export type ReadCasOptions = { readonly connection: Connection; readonly config: Config; /** Signet's own namespace. */ readonly namespace: string; readonly now: Date; readonly signal: AbortSignal };

/**
 * Reads the source and the own Secret of every signer once and decides as `run` would, without a write. Throws Unavailable when the
 * cluster does not answer, Refusal when it may not be asked.
 */
export async function readCas({ connection, config, namespace, now, signal }: ReadCasOptions): Promise<CaView[]> {
  const files = await Promise.all(
    config.signers.map(async ({ name, ca }) => Promise.all([readSecret(connection, ca.secret, signal), readSecret(connection, { namespace, name: ownSecretName(name) }, signal)])),
  );
  const authorities = new Map<string, SecretAuthority>();
  for (const [i, signer] of config.signers.entries()) {
    const [source, own] = files[i] ?? [null, null];
    const authority = authorityOf(signer, { config, namespace, now, conflict: (pair) => clash(pair, signer.name, authorities) });
    authority.offer(source);
    authority.restore(own);
    authorities.set(signer.name, authority);
  }
  const views: CaView[] = [];
  for (const [i, signer] of config.signers.entries()) {
    const authority = authorities.get(signer.name);
    if (authority !== undefined) views.push(await view(signer, authority, files[i]?.[0] ?? null, signal));
  }
  return views;
}

function authorityOf({ name, anchor, sharedTrust, ca: { secret } }: SignerConfig, { config, namespace, now, conflict }: Pick<ReadCasOptions, 'config' | 'namespace' | 'now'> & { conflict: (pair: CaPair) => string | null }): SecretAuthority {
  return new SecretAuthority({
    anchor,
    sharedTrust,
    lifetime: config.policy.signers.find((each) => each.name === name)?.lifetime.default ?? 0,
    sourceName: `Secret ${secret.namespace}/${secret.name}`,
    ownName: `Secret ${namespace}/${ownSecretName(name)}`,
    keep: () => Promise.reject(new WouldWrite('only `run` writes')),
    conflict,
    now: () => now,
  });
}

/** A look is no act: where `run` would write, this is thrown instead. */
class WouldWrite extends Unavailable {}

async function view({ name, anchor }: SignerConfig, authority: SecretAuthority, source: PairFiles | null, signal: AbortSignal): Promise<CaView> {
  let wouldWrite = false;
  try {
    await authority.reconcile(signal);
  } catch (error) {
    if (!(error instanceof WouldWrite)) throw error;
    wouldWrite = true;
  }
  const state = authority.state();
  if (authority.inUse === null && wouldWrite && source !== null) {
    const loaded = loadPair(source, { anchor });
    return { signer: name, pair: loaded.ok ? loaded.pair : null, state: 'new', why: 'its pair is not adopted yet; is Signet running, in this namespace?' };
  }
  if (state.ready) return { signer: name, pair: authority.inUse, state: state.held === null ? 'ready' : 'held', why: state.held ?? '' };
  return { signer: name, pair: authority.inUse, state: state.reason === 'CertificateAuthorityExpired' ? 'expired' : 'unavailable', why: state.detail ?? state.message };
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
