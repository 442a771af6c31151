import { parseRequest } from '../../../src/core/certificate-request.ts';
import { decide } from '../../../src/core/decide.ts';
import type { Observed } from '../../../src/core/observed.ts';
import { ALTERNATIVE_RULES, GENERAL_RULES, review } from '../../../src/core/policy.ts';
import type { Policy } from '../../../src/core/signer.ts';
import type { BySignet } from './attack.ts';

export const RULES: readonly string[] = [...GENERAL_RULES, ...ALTERNATIVE_RULES].map(({ id }) => id);

/** The CA is not looked at before a request is allowed. */
const NO_CA = { ready: false, reason: 'CertificateAuthorityUnavailable', message: '' } as const;

export type Replay = { readonly refused: boolean; readonly reason: string; readonly message: string; readonly violations: number };

/** What the policy says of the very bytes, with some of its rules switched off. */
export function replay(observed: Observed, policy: Policy, without: readonly string[] = []): Replay {
  const step = decide({ observed, policy, authority: NO_CA, now: new Date(0), serial: new Uint8Array() }, { without });
  if (step.do !== 'refuse') return { refused: false, reason: '', message: '', violations: 0 };
  return { refused: true, reason: step.reason, message: step.message, violations: step.violations.length };
}

/** Which rules the bytes break, those of the alternative that comes nearest; or which part of them cannot be read. */
export function brokenRules(observed: Observed, policy: Policy): BySignet {
  const parsed = parseRequest(observed.request);
  if (!parsed.ok) return { unreadable: parsed.violation.field };
  const signer = policy.signers.find(({ name }) => name === observed.signerName);
  if (signer === undefined) throw new Error(`there is no signer ${observed.signerName}`);
  const input = { request: parsed.request, usages: observed.usages, requester: observed.requester, signer, policy, annotations: observed.annotations };
  const verdict = review(input);
  if (verdict.allowed) throw new Error('the policy allows it');
  const c = { ...input, listed: policy.requesters.find(({ user }) => user === observed.requester.username) };
  const nearest = verdict.alternatives.reduce((best, each) => (each.violations.length < best.violations.length ? each : best)).alternative;
  const broken = [...GENERAL_RULES.filter(({ check }) => check(c).length > 0), ...ALTERNATIVE_RULES.filter(({ check }) => check(c, nearest).length > 0)];
  return { rules: broken.map(({ id }) => id) };
}
