import type { WireRequest } from '../../adapters/kubernetes/wire.ts';
import type { Policy } from '../../core/signer.ts';
import { explain, type ExplainInput, type Explanation } from '../../core/explain.ts';
import type { LenientRequest } from '../../core/lenient-request.ts';
import type { ExitCode } from '../command.ts';
import { nearSigners } from './near-signers.ts';
import { requestStatus, type RequestStatus } from './status.ts';

/** What `explain` prints, in whatever form. Its shape is documented in docs/explain.md. */
export type Report = Explanation & {
  /** Where the request was read. */
  readonly source: { readonly kind: 'cluster' | 'file'; readonly name: string };
  readonly request: Explanation['request'] & { /** What a tolerant reader makes of it; null: it was not needed. */ readonly lenient: LenientRequest | null };
  readonly signer: Explanation['signer'] & { /** Signers that may have been meant; empty: it is served, or none is near. */ readonly near: readonly string[] };
  /** null: it was never in a cluster. */
  readonly status: RequestStatus | null;
  readonly events: readonly ToldEvent[];
  /** What the answer rests on, where that is less than `run` knows. */
  readonly notes: readonly string[];
};

export type ToldEvent = { readonly reason: string; readonly message: string; /** RFC 3339. */ readonly at: string | null };

export type ReportInput = ExplainInput & {
  readonly source: Report['source'];
  readonly wire: WireRequest;
  readonly events?: readonly ToldEvent[];
  readonly notes: readonly string[];
};

export async function report({ source, wire, events = [], notes, ...input }: ReportInput): Promise<Report> {
  const explanation = explain(input);
  const known = source.kind === 'cluster' || wire.status !== undefined || wire.metadata.deletionTimestamp !== undefined;
  return {
    source,
    ...explanation,
    request: { ...explanation.request, lenient: explanation.request.readable ? null : await leniently(input.observed.request) },
    signer: { ...explanation.signer, near: explanation.signer.served ? [] : nearSigners(input.observed.signerName, names(input.policy)) },
    status: known ? requestStatus(wire, explanation, input.now) : null,
    events,
    notes,
  };
}

/** 0: it would be signed, or was. 1: it would not, or was not. 2: nobody can tell yet. */
export function exitCode({ verdict, status }: Pick<Report, 'verdict' | 'status'>): ExitCode {
  if (status?.outcome === 'issued') return 0;
  if (status?.outcome === 'denied' || status?.outcome === 'failed' || status?.outcome === 'deleted') return 1;
  switch (verdict) {
    case 'allowed':
      return 0;
    case 'refused':
    case 'unserved':
      return 1;
    case 'waits':
    case 'unknown':
      return 2;
  }
}

/** pkijs is half a megabyte of code: it is loaded for what the strict reader did not read. */
async function leniently(pem: Uint8Array): Promise<LenientRequest> {
  const { readLeniently } = await import('../../core/lenient-request.ts');
  return readLeniently(pem);
}

function names({ signers }: Policy): string[] {
  return signers.map(({ name }) => name);
}
