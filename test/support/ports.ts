import type { CertificateAuthority, Authority, AuthorityState, Decision, Events, Log, Meter, Recorder, Requests, WriteResult } from '../../src/control/ports.ts';
import type { Observed } from '../../src/core/observed.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { RecordEntry } from '../../src/core/record-entry.ts';
import { issue, type TestAuthority } from './authority.ts';

/** One write that reached the API server. */
export type Write =
  | { readonly verb: 'approve'; readonly name: string; readonly decision: Decision }
  | { readonly verb: 'refuse'; readonly name: string; readonly as: 'Denied' | 'Failed'; readonly decision: Decision }
  | { readonly verb: 'deliver'; readonly name: string; readonly certificate: string; readonly annotations: Record<string, string> };

/** Requests in memory; `answer` says what becomes of a write, and may throw. */
export function requestsOf(pending: readonly Observed[], answer: (write: Write) => WriteResult = () => 'written'): Requests & { readonly writes: readonly Write[] } {
  const writes: Write[] = [];
  const write = async (each: Write): Promise<WriteResult> => {
    const result = answer(each);
    if (result === 'written') writes.push(each);
    return result;
  };
  return {
    writes,
    get: (name) => pending.find((each) => each.name === name),
    receivedAt: (name) => (pending.some((each) => each.name === name) ? 0 : undefined),
    approve: ({ name }, decision) => write({ verb: 'approve', name, decision }),
    refuse: ({ name }, as, decision) => write({ verb: 'refuse', name, as, decision }),
    deliver: ({ name }, certificate, annotations) => write({ verb: 'deliver', name, certificate, annotations }),
  };
}

/** A CA that is ready and signs what it is asked, unless `sign` does something else. */
export function authorityOf(ca: TestAuthority, sign: (plan: Plan, signal: AbortSignal) => Promise<ReturnType<typeof issue>> = async (plan) => issue(plan, ca)): Authority {
  const authority: CertificateAuthority = { chain: ca.chain, anchor: ca.root };
  return { state: () => ({ ready: true, authority, held: null }), issue: sign };
}

/** A CA that is in trouble. */
export function absentAuthority(reason: Extract<AuthorityState, { ready: false }>['reason'] = 'CertificateAuthorityUnavailable', message = 'Secret cert-manager/foo-ca does not exist'): Authority {
  return {
    state: () => ({ ready: false, reason, message }),
    issue: () => Promise.reject(new Error('a CA that is not ready was asked to sign')),
  };
}

export type Line = { readonly level: keyof Log; readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

/** A log that nobody reads. */
export function silentLog(): Log {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: nothing };
}

/** A log that remembers. */
export function rememberingLog(): Log & { readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const at = (level: keyof Log) => (message: string, fields: Readonly<Record<string, unknown>> = {}) => void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export type Told = { readonly about: string; readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };

/** Events that are remembered. */
export function rememberingEvents(): Events & { readonly told: readonly Told[] } {
  const told: Told[] = [];
  return { told, emit: ({ name }, event) => void told.push({ about: name, ...event }) };
}

/** A record in memory; `onIntent` is awaited before a certificate leaves. */
export function rememberingRecorder(onIntent: (entry: RecordEntry) => Promise<void> = () => Promise.resolve()): Recorder & { readonly entries: readonly RecordEntry[] } {
  const entries: RecordEntry[] = [];
  return {
    entries,
    note: (entry) => void entries.push(entry),
    async intend(entry) {
      await onIntent(entry);
      entries.push(entry);
    },
  };
}

/** A meter that remembers, each measurement in the words `decided foo issued PolicyAllowed`. */
export function rememberingMeter(): Meter & { readonly counts: readonly string[] } {
  const counts: string[] = [];
  const count = (...words: readonly unknown[]): void => void counts.push(words.join(' '));
  return {
    counts,
    decided: (signer, outcome, reason) => count('decided', signer, outcome, reason),
    issued: (signer, seconds) => count('issued', signer, seconds),
    pending: (signer, change) => count('pending', signer, change),
    authority: (signer, state) => count('authority', signer, state.ready ? 'ready' : state.reason),
    bundle: (signer, sha256) => count('bundle', signer, sha256),
    watched: () => count('watched'),
    bug: (where) => count('bug', where),
  };
}
