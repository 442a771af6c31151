import { certificatePem, type Certificate } from '../core/certificate.ts';
import { corresponds } from '../core/corresponds.ts';
import { decide } from '../core/decide.ts';
import type { Observed } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import type { Policy, Signer } from '../core/signer.ts';
import type { Step } from '../core/step.ts';
import { violationText } from '../core/violation.ts';
import { Refusal, Unavailable } from './errors.ts';
import type { Authority, AuthorityState, Events, Log, Meter, Requests, WriteResult } from './ports.ts';
import type { Outcome } from './queue.ts';

export type IssueOptions = {
  readonly policy: Policy;
  readonly requests: Requests;
  /** The CA of a signer; undefined only for a signer that the policy does not have. */
  readonly authority: (signer: string) => Authority | undefined;
  readonly events: Events;
  readonly log: Log;
  readonly meter: Meter;
  readonly now: () => Date;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

/** 20 octets less one bit: as many as RFC 5280 §4.1.2.2 has room for. */
const SERIAL_OCTETS = 20;

/**
 * One look at one request: reads it from memory, decides, and makes at most one write; the event of that write starts the next
 * look. Trouble is returned as a retry, never held against the requester. What it throws is a bug.
 */
export function issueLoop(options: IssueOptions): (name: string, signal: AbortSignal) => Promise<Outcome> {
  return async (name, signal) => {
    const observed = options.requests.get(name);
    if (observed === undefined) return 'done';
    try {
      const step = decide({ observed, policy: options.policy, authority: caState(options, observed.signerName), now: options.now(), serial: options.randomBytes(SERIAL_OCTETS) });
      return await perform(step, observed, options, signal);
    } catch (error) {
      if (signal.aborted) return 'done';
      if (error instanceof Unavailable) return retry(observed, error, options);
      if (error instanceof Refusal) return giveUp(observed, error, options);
      throw error;
    }
  };
}

async function perform(step: Step, observed: Observed, options: IssueOptions, signal: AbortSignal): Promise<Outcome> {
  const { requests, events, log, meter } = options;
  switch (step.do) {
    case 'nothing':
      if (step.notice !== undefined) events.emit(observed, { type: 'Warning', ...step.notice });
      return 'done';
    case 'wait':
      events.emit(observed, { type: 'Warning', reason: step.reason, message: `Waiting for the CA of signer "${observed.signerName}": ${step.message}` });
      log.debug('request waits for its CA', { ...facts(observed), reason: step.reason, why: step.message });
      return { retryAfter: null };
    case 'approve': {
      const result = await requests.approve(observed, { reason: 'PolicyAllowed', message: step.message, annotations: { 'signet.dev/policy': step.policy, 'signet.dev/decision': 'approved' } }, signal);
      if (result === 'written') {
        meter.decided(observed.signerName, 'approved', 'PolicyAllowed');
        log.info('approved', { ...facts(observed), policy: step.policy });
      }
      return settled(result);
    }
    case 'refuse': {
      const outcome = step.as === 'Denied' ? 'denied' : 'failed';
      const result = await requests.refuse(observed, step.as, { reason: step.reason, message: step.message, annotations: { 'signet.dev/decision': outcome } }, signal);
      if (result === 'conflict') return settled(result);
      // A request that its requester has already deleted was refused all the same: whoever asks why must find it.
      meter.decided(observed.signerName, outcome, step.reason);
      events.emit(observed, { type: 'Warning', reason: step.reason, message: step.message });
      log.warn(outcome, { ...facts(observed), reason: step.reason, violations: step.violations });
      return 'done';
    }
    case 'issue':
      return issue(step.plan, observed, options, signal);
  }
}

async function issue(plan: Plan, observed: Observed, options: IssueOptions, signal: AbortSignal): Promise<Outcome> {
  const { requests, log, meter, policy } = options;
  const authority = options.authority(plan.signer);
  const signer = policy.signers.find(({ name }) => name === plan.signer);
  const state = authority?.state();
  if (authority === undefined || signer === undefined || state?.ready !== true) throw new Unavailable(`the CA of signer "${plan.signer}" went away`);

  // Read before the write: its own event takes the request out of memory.
  const received = requests.receivedAt(observed.name);
  const chain = await authority.issue(plan, signal);
  const mismatches = corresponds(plan, chain, state.authority.anchor);
  if (mismatches.length > 0) {
    meter.bug('corresponds');
    log.error('the CA returned another certificate than planned; it was thrown away', { ...facts(observed), mismatches: mismatches.map(violationText) });
    throw new Unavailable(`the CA of signer "${plan.signer}" returned another certificate than planned`);
  }
  const serial = hex(plan.serial);
  const result = await requests.deliver(observed, delivered(chain, signer), annotations(plan, serial), signal);
  if (result !== 'written') {
    log.info('certificate not delivered', { ...facts(observed), serial, result });
    return settled(result);
  }
  if (received !== undefined) meter.issued(plan.signer, (options.monotonic() - received) / 1000);
  meter.decided(plan.signer, 'issued', 'PolicyAllowed');
  // No Event: a mesh with EC keys, or one that asks for longer lives than it gets, would have one for every certificate, and refusals could not be told among them.
  log.info('issued', { ...facts(observed), serial, caSha256: plan.issuer, policy: plan.policy, notAfter: plan.notAfter.toISOString(), adjustments: plan.adjustments });
  return 'done';
}

function annotations(plan: Plan, serial: string): Record<string, string> {
  return {
    'signet.dev/serial': serial,
    'signet.dev/ca-sha256': plan.issuer,
    'signet.dev/policy': plan.policy,
    'signet.dev/decision': ['issued', ...plan.adjustments].join('; '),
  };
}

/**
 * The PEM of status.certificate: leaf, then intermediates in issuing order. The anchor is what verifiers have already; it goes
 * along only where a client takes it from there (`includeRoot`, for ztunnel and istiod's K8S_SIGNER).
 */
function delivered(chain: readonly Certificate[], { includeRoot }: Signer): string {
  return (includeRoot ? chain : chain.slice(0, -1)).map(certificatePem).join('');
}

function caState({ authority }: IssueOptions, signerName: string): { ready: true; chain: readonly Certificate[] } | Extract<AuthorityState, { ready: false }> {
  const state = authority(signerName)?.state();
  if (state === undefined) return { ready: false, reason: 'CertificateAuthorityUnavailable', message: 'no CA is configured' };
  return state.ready ? { ready: true, chain: state.authority.chain } : state;
}

/** After a conflict the newer version is on its way; the retry is for the case that it is not. */
function settled(result: WriteResult): Outcome {
  return result === 'conflict' ? { retryAfter: null } : 'done';
}

function retry(observed: Observed, error: Unavailable, { log }: IssueOptions): Outcome {
  log.warn('will be tried again', { ...facts(observed), why: error.message, retryAfter: error.retryAfter });
  return { retryAfter: error.retryAfter };
}

/** The API server (mostly for want of an RBAC rule) or the CA refuses for good: tried again rarely, so that granting it needs no restart. */
function giveUp(observed: Observed, error: Refusal, { log, meter }: IssueOptions): Outcome {
  meter.bug('write');
  log.error('refused, and tried again rarely', { ...facts(observed), why: error.message });
  return { retryAfter: 30 };
}

function facts({ name, uid, signerName, requester }: Observed): Record<string, unknown> {
  return { request: name, uid, signer: signerName, requester: requester.username };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
