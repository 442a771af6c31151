import { createHash } from 'node:crypto';
import type { AuthorityState, Discovered, DiscoveredAuthority, Log } from '../../control/ports.ts';
import { servedReference, signerNameOf, type DiscoveredAllow, type DiscoveredIssuer, type IssuerReference } from '../../core/discovered-issuer.ts';
import { readIssuer } from '../../core/issuer-object.ts';
import { followKind } from '../kubernetes/follow-kind.ts';
import { authorityOf, type AuthorityOfOptions } from './authority-of.ts';
import { looker } from './looker.ts';
import { mayReference } from './may-reference.ts';
import type { KubernetesObject } from '../kubernetes/wire.ts';

export type CertManagerIssuersOptions = AuthorityOfOptions & {
  /** Whose Issuers are served. */
  readonly namespaces: readonly string[];
  /** What of them is signed. */
  readonly allow: readonly DiscoveredAllow[];
  /** Whether the configuration has a signer of this name, which goes before an issuer. */
  readonly configured: (signerName: string) => boolean;
  /** Whether a request for it waits: then what is wrong with it is looked at again soon. */
  readonly wanted: (signerName: string) => boolean;
  readonly log: Log;
  /** The issuer, or its CA, is another one than before, or its state is; null: it is gone. */
  readonly onChange: (signerName: string, authority: DiscoveredAuthority | null) => void;
  /** All issuers are known for the first time. */
  readonly onSynced: () => void;
  readonly onBug: (error: unknown) => void;
};

export type CertManagerIssuers = Discovered & {
  /** Whether requests of this name are for the issuers here, whether such a one is there or not. */
  covers(signerName: string): boolean;
  /** The names of those that have a CA and are served, in no order. */
  names(): readonly string[];
  readonly synced: boolean;
  /** Follows issuers until the signal is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
};

type Entry = { readonly reference: IssuerReference; issuer: DiscoveredIssuer; text: string; authority: DiscoveredAuthority | null; told: string };

const GROUP = 'cert-manager.io';

/** cert-manager's ClusterIssuers, and Issuers of some namespaces, with the CA of each. */
export function certManagerIssuers(options: CertManagerIssuersOptions): CertManagerIssuers {
  const { connection, namespaces, log, onChange, onBug, monotonic } = options;
  const entries = new Map<string, Entry>();
  const kinds = ['clusterissuers', ...(namespaces.length === 0 ? [] : ['issuers'])];
  const unsynced = new Set(kinds);
  const looks = looker({
    due: () => [...entries].flatMap(([name, { authority }]) => (authority === null ? [] : [{ name, authority, wanted: options.wanted(name) }])),
    find: (name) => entries.get(name)?.authority ?? null,
    looked: (name) => tell(name),
    monotonic,
    onBug,
  });

  function onObject(reference: IssuerReference, object: KubernetesObject): void {
    const issuer = readIssuer(reference, object);
    const text = digest(JSON.stringify(issuer));
    const name = signerNameOf(reference);
    const before = entries.get(name);
    if (before?.text === text) return;
    const keeps = before !== undefined && before.issuer.type === issuer.type && before.issuer.secretName === issuer.secretName;
    entries.set(name, { reference, issuer, text, authority: keeps ? before.authority : authorityOf(issuer, options), told: '' });
    looks.add(name);
  }

  function onGone(reference: IssuerReference): void {
    const name = signerNameOf(reference);
    if (entries.get(name)?.authority !== null) log.info('an issuer is gone', { signer: name });
    if (entries.delete(name)) onChange(name, null);
  }

  /** Says what is new about an issuer. */
  function tell(name: string): void {
    const entry = entries.get(name);
    if (entry === undefined) return;
    const state = entry.authority?.state() ?? null;
    const told = JSON.stringify([entry.text, state === null ? null : summary(state)]);
    if (told === entry.told) return;
    entry.told = told;
    if (options.configured(name)) return onChange(name, entry.authority);
    if (state?.ready === true) log.info('CA ready', { signer: name, caSha256: state.authority.chain[0]?.fingerprint, ready: entry.issuer.ready });
    else if (state !== null) log.warn('CA not ready', { signer: name, reason: state.reason, why: state.detail ?? state.message });
    onChange(name, entry.authority);
  }

  function onSynced(kind: string): void {
    if (!unsynced.delete(kind) || unsynced.size > 0) return;
    options.onSynced();
  }

  function referenceOf(kind: string, { namespace = '', name }: { readonly namespace?: string; readonly name: string }): IssuerReference | null {
    const reference: IssuerReference = kind === 'issuers' ? { kind: 'Issuer', namespace, name } : { kind: 'ClusterIssuer', name };
    return reference.kind === 'ClusterIssuer' || namespaces.includes(namespace) ? reference : null;
  }

  function follow(kind: string, signal: AbortSignal): Promise<void> {
    return followKind(connection, {
      group: GROUP,
      plural: kind,
      onObject(object) {
        const reference = referenceOf(kind, object.metadata);
        if (reference !== null) onObject(reference, object);
      },
      onGone(gone) {
        const reference = referenceOf(kind, gone);
        if (reference !== null) onGone(reference);
      },
      onSynced: () => onSynced(kind),
      log,
      signal,
      onBug,
    });
  }

  return {
    covers: (signerName) => servedReference(signerName, options) !== null,
    names: () => [...entries].flatMap(([name, { authority }]) => (authority === null || servedReference(name, options) === null ? [] : [name])),
    get synced() {
      return unsynced.size === 0;
    },
    find(signerName) {
      const reference = servedReference(signerName, options);
      if (reference === null) return null;
      const entry = entries.get(signerName);
      return { known: unsynced.size === 0, reference, issuer: entry?.issuer ?? null, authority: entry?.authority ?? null };
    },
    mayReference: (requester, { namespace, name }, signal) => mayReference(connection, requester, { namespace, name }, signal),
    run: async (signal) => {
      await Promise.all([...kinds.map(async (kind) => follow(kind, signal)), looks.run(signal)]);
    },
  };
}

/** Compared each second, and kept for thousands: not as long as somebody's URLs. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** Equal for states between which nobody would see a difference. */
function summary(state: AuthorityState): string {
  if (state.ready) return state.authority.chain.map(({ fingerprint }) => fingerprint).join();
  // The time left in the message of a CA that ends soon runs on; the reason does not.
  return state.reason === 'CertificateAuthorityExpired' ? state.reason : (state.detail ?? state.message);
}

