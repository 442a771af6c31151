import { generalNameText, type GeneralName } from './general-name.ts';
import type { Reason } from './reason.ts';
import type { Violation } from './violation.ts';

/** Which request a decision is about. */
export type RecordSubject = {
  readonly request: string;
  readonly uid: string;
  readonly signer: string;
  readonly requester: string;
  readonly names: readonly GeneralName[];
};

/**
 * One line of the record. `issuing` is written before a certificate leaves the process; `issued`, or `undelivered` with the cause, when
 * it is known what became of it. An `issuing` without either says that the process ended in between.
 */
export type RecordEntry = RecordSubject & { readonly reason: Reason; /** Since the request came into the state that was decided on; null: not known. */ readonly seconds: number | null } & (
    | { readonly what: 'approved'; readonly policy: string }
    | { readonly what: 'denied' | 'failed'; readonly violations: readonly Violation[] }
    | ({ readonly what: 'issuing' | 'issued' } & Issuance)
    | ({ readonly what: 'undelivered'; readonly result: Undelivered } & Issuance)
  );

/** `unknown`: the API server may have taken it, its answer did not arrive. */
export type Undelivered = 'conflict' | 'gone' | 'refused' | 'unknown';

export type Issuance = {
  /** Hex in lower case, as everywhere. */
  readonly serial: string;
  readonly caSha256: string;
  /** The alternative that allowed it. */
  readonly policy: string;
  readonly notAfter: Date;
  readonly adjustments: readonly string[];
};

/** Requests hold up to 64 KiB of names; a certificate has every name, the record the first ones and their number. */
const MAX_NAMES = 20;
const MAX_LENGTH = 512;

/**
 * The entry as JSON can hold it, in the order in which it is written, but for `what`. Every text in it is cut: names are the requester's
 * own words, and one of a megabyte must not become a megabyte of record.
 */
export function recordFields(entry: RecordEntry): Record<string, unknown> {
  const { request, uid, signer, requester, names, reason, seconds } = entry;
  return {
    request: cut(request),
    uid: cut(uid),
    signer: cut(signer),
    requester: cut(requester),
    names: namesOf(names),
    ...detail(entry),
    reason,
    ...(seconds === null ? {} : { seconds: Math.round(seconds * 1e6) / 1e6 }),
  };
}

function detail(entry: RecordEntry): Record<string, unknown> {
  switch (entry.what) {
    case 'approved':
      return { policy: entry.policy };
    case 'denied':
    case 'failed':
      return { violations: entry.violations.map(({ field, found, allowed }) => ({ field: cut(field), found: cut(found), allowed: cut(allowed) })) };
    case 'issuing':
    case 'issued':
      return issuance(entry);
    case 'undelivered':
      return { ...issuance(entry), result: entry.result };
  }
}

function issuance({ serial, caSha256, policy, notAfter, adjustments }: Issuance): Record<string, unknown> {
  return { serial, caSha256, policy, notAfter: notAfter.toISOString(), adjustments: adjustments.map(cut) };
}

function namesOf(names: readonly GeneralName[]): string[] {
  const texts = names.slice(0, MAX_NAMES).map((name) => cut(generalNameText(name)));
  return names.length > MAX_NAMES ? [...texts, `and ${names.length - MAX_NAMES} more`] : texts;
}

function cut(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}
