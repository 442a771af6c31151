import { mayReference } from '../../adapters/issuers/may-reference.ts';
import type { Connection } from '../../adapters/kubernetes/connection.ts';
import type { Config } from '../../config.ts';
import { Refusal, Unavailable } from '../../control/errors.ts';
import { NO_URLS, servedReference, type IssuerReference } from '../../core/discovered-issuer.ts';
import type { KnownCa } from '../../core/explain-plan.ts';
import type { ExplainInput } from '../../core/explain.ts';
import type { Observed } from '../../core/observed.ts';
import { readCas } from '../cas.ts';
import { readIssuers } from '../discovered-issuers.ts';

/** What is known of the issuer of a request, for its explanation. */
export type FoundIssuer = { readonly discovered: NonNullable<ExplainInput['discovered']> | null; readonly authority: KnownCa | null; readonly notes: readonly string[] };

export const NOT_FOUND: FoundIssuer = { discovered: null, authority: null, notes: [] };

/** The issuer as it is now, with its CA, and whether the requester may use it. What this user may not read is left out, with a note. */
export async function foundIssuer(reference: IssuerReference, observed: Observed, { connection, config, namespace, now, signal }: { readonly connection: Connection; readonly config: Config; readonly namespace: string; readonly now: Date; readonly signal: AbortSignal }): Promise<FoundIssuer> {
  const allow = config.discover.certManager?.allow ?? [];
  const notes: string[] = [];
  const cas = await readCas({ connection, config, namespace, now, signal }).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    notes.push('this user may not read the Secrets of the CAs, so it is not known whether the issuer has the CA of a signer of the configuration');
    return [];
  });
  const views = await readIssuers({ connection, config, cas, now, signal, only: reference });
  if (views === null) return { ...assumedIssuer(reference, config), notes: [...notes, 'this user may not list the issuers of cert-manager: one is assumed that is Ready'] };
  const view = views[0];
  const state = view?.authority?.state() ?? null;
  const allowed = reference.kind !== 'Issuer' ? null : await mayReference(connection, observed.requester, reference, signal).catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
    notes.push(`whether the requester may use the Issuer is not known: ${error.message}`);
    return null;
  });
  const authority: KnownCa | null = state === null ? null : state.ready ? { ready: true, chain: state.authority.chain } : { ready: false, reason: state.reason, message: state.detail ?? state.message };
  return { discovered: { reference, issuer: view?.issuer ?? null, allow, mayReference: allowed }, authority, notes };
}

/** For a request that is in no cluster: as if its issuer were there, and in order. */
export function assumedFor(signerName: string, config: Config): FoundIssuer {
  if (config.discover.certManager === null || config.signers.some(({ name }) => name === signerName)) return NOT_FOUND;
  const reference = servedReference(signerName, config.discover.certManager);
  return reference === null ? NOT_FOUND : assumedIssuer(reference, config);
}

function assumedIssuer(reference: IssuerReference, { discover }: Config): FoundIssuer {
  const issuer = { reference, type: 'ca', secretName: '', ready: true, urls: NO_URLS } as const;
  return { discovered: { reference, issuer, allow: discover.certManager?.allow ?? [], mayReference: true }, authority: null, notes: ['no issuer was looked at: one is assumed that is there and Ready, and that the requester may use'] };
}
