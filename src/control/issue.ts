import { certificatePem, type Certificate } from '../core/certificate.ts';
import { corresponds } from '../core/corresponds.ts';
import { issuedBy } from '../core/chain.ts';
import type { NamespaceLabels } from '../core/namespace-claim.ts';
import type { GeneralName } from '../core/general-name.ts';
import type { Observed } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import type { RecordSubject } from '../core/record-entry.ts';
import type { Policy, Signer } from '../core/signer.ts';
import type { Step } from '../core/step.ts';
import { violationText } from '../core/violation.ts';
import { askAtOnce, type CaDesk } from './ask-ca.ts';
import { Refusal, Unavailable } from './errors.ts';
import type { Waiting } from './gate.ts';
import { nextStep, type Discovery } from './next-step.ts';
import type { Authority, AuthorityState, Events, Log, Meter, Recorder, Requests, WriteResult } from './ports.ts';
import type { Outcome } from './queue.ts';
import type { Slot } from './slots.ts';

export type IssueOptions = {
  readonly policy: Policy;
  /** The labels of namespaces as they are now; left out where no signer asks for any. */
  readonly namespaceLabels?: () => NamespaceLabels;
  readonly requests: Requests;
  /** The CA of a signer; undefined only for a signer that the policy does not have. */
  readonly authority: (signer: string) => Authority | undefined;
  /** How CAs are asked; default: without limits. */
  readonly desk?: CaDesk;
  /** Issuers that no entry of the policy is about; default: none. */
  readonly discovery?: Discovery | null;
  readonly events: Events;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly meter: Meter;
  readonly now: () => Date;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

type Whole = IssueOptions & { readonly desk: CaDesk };

/** 20 octets less one bit: as many as RFC 5280 §4.1.2.2 has room for. */
const SERIAL_OCTETS = 20;

/**
 * One look at one request: reads it from memory, decides, and makes at most one write; the event of that write starts the next
 * look. Trouble is returned as a retry, never held against the requester. What it throws is a bug.
 */
export function issueLoop(given: IssueOptions): (name: string, signal: AbortSignal, slot?: Slot) => Promise<Outcome> {
  const options = { desk: askAtOnce, ...given };
  return async (name, signal, slot) => {
    const { requests, desk } = options;
    const observed = requests.get(name);
    if (observed === undefined) {
      // It was called, and is finished or gone: what is kept for it is somebody else's.
      desk.forget(name);
      return 'done';
    }
    try {
      const serial = options.randomBytes(SERIAL_OCTETS);
      const { policy } = options;
      const input = () => ({ observed, policy, namespaceLabels: options.namespaceLabels?.() ?? null, authority: caState(options, observed.signerName), now: options.now(), serial });
      const step = nextStep({ observed, policy, input }, options.discovery ?? null, signal);
      return await perform(step instanceof Promise ? await step : step, observed, options, signal, slot);
    } catch (error) {
      if (signal.aborted) return 'done';
      if (error instanceof Unavailable) return retry(observed, error, options);
      if (error instanceof Refusal) return giveUp(observed, error, options);
      throw error;
    } finally {
      // What this look itself finished brings no news of its end.
      if (requests.get(name) === undefined) desk.forget(name);
      else desk.settle(name);
    }
  };
}

async function perform(step: Step, observed: Observed, options: Whole, signal: AbortSignal, slot: Slot | undefined): Promise<Outcome> {
  const { requests, events, log, meter, recorder } = options;
  // Read before the write: its own event takes the request out of memory.
  const received = requests.receivedAt(observed.name);
  switch (step.do) {
    case 'nothing':
      if (step.notice !== undefined) events.emit(observed, { type: 'Warning', ...step.notice });
      return 'done';
    case 'wait':
      if (step.reason !== null) events.emit(observed, { type: 'Warning', reason: step.reason, message: `Waiting for the CA of signer "${observed.signerName}": ${step.message}` });
      log.debug('request waits', { ...facts(observed), reason: step.reason, why: step.message });
      // Without a CA the desk lets one request at a time look whether there is one; the others are called.
      if (step.reason !== null && options.authority(observed.signerName)?.state().ready === false && options.desk.absent(observed, step.message)) return 'done';
      return { retryAfter: null };
    case 'approve': {
      const result = await requests.approve(observed, { reason: 'PolicyAllowed', message: step.message, annotations: { 'signet.dev/policy': step.policy, 'signet.dev/decision': 'approved' } }, signal);
      if (result === 'written') {
        meter.decided(observed.signerName, 'approved', 'PolicyAllowed');
        recorder.note({ what: 'approved', ...subject(observed, step.names), policy: step.policy, reason: 'PolicyAllowed', seconds: secondsSince(received, options) });
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
      recorder.note({ what: outcome, ...subject(observed, step.names), violations: step.violations, reason: step.reason, seconds: secondsSince(received, options) });
      return 'done';
    }
    case 'issue':
      return issue(step.plan, observed, received, options, signal, slot);
  }
}

async function issue(plan: Plan, observed: Observed, received: number | undefined, options: Whole, signal: AbortSignal, slot: Slot | undefined): Promise<Outcome> {
  const { requests, meter, events, recorder, policy, desk } = options;
  const authority = options.authority(plan.signer);
  const signer = policy.signers.find(({ name }) => name === plan.signer);
  const state = authority?.state();
  if (authority === undefined || state?.ready !== true) throw new Unavailable(`the CA of signer "${plan.signer}" went away`);

  const asked = await desk.ask({ plan, observed, signal, slot }, async (within) => asPlanned(await authority.issue(plan, within), { plan, anchor: state.authority.anchor, signedHere: authority.signsHere ?? false }, observed, options));
  if (asked.waits !== null) return setAside(asked, observed, options);
  const chain = asked.answer;
  const serial = hex(plan.serial);
  const reason = plan.requested === undefined ? 'PolicyAllowed' : 'CertificateIssued';
  const record = { ...subject(observed, plan.names), serial, caSha256: plan.issuer, policy: plan.policy, notAfter: plan.notAfter, adjustments: plan.adjustments, reason } as const;
  await recorder.intend({ what: 'issuing', ...record, seconds: secondsSince(received, options) });
  const result = await requests.deliver(observed, delivered(chain, signer), annotations(plan, serial), signal).catch((error: unknown) => {
    // Where no answer came the API server may have taken it.
    recorder.note({ what: 'undelivered', ...record, result: error instanceof Refusal ? 'refused' : 'unknown', seconds: secondsSince(received, options) });
    throw error;
  });
  const seconds = secondsSince(received, options);
  if (result !== 'written') {
    recorder.note({ what: 'undelivered', ...record, result, seconds });
    return settled(result);
  }
  if (seconds !== null) meter.issued(plan.signer, seconds);
  meter.decided(plan.signer, 'issued', reason);
  if (reason === 'CertificateIssued') events.emit(observed, { type: 'Normal', reason, message: 'Certificate fetched from issuer successfully' });
  // Else no Event: a mesh with EC keys, or one that asks for longer lives than it gets, would have one for every certificate, and refusals could not be told among them.
  recorder.note({ what: 'issued', ...record, seconds });
  return 'done';
}

/** What the CA returned, which is what was planned or is thrown away. */
function asPlanned(chain: readonly Certificate[], { plan, anchor, signedHere }: { plan: Plan; anchor: Certificate; signedHere: boolean }, observed: Observed, { meter, log }: IssueOptions): readonly Certificate[] {
  const mismatches = corresponds(plan, chain, anchor, { signedHere });
  if (mismatches.length === 0) return chain;
  meter.bug('corresponds');
  log.error('the CA returned another certificate than planned; it was thrown away', { ...facts(observed), mismatches: mismatches.map(violationText) });
  throw new Unavailable(`the CA of signer "${plan.signer}" returned another certificate than planned`);
}

/** The gate calls the request when its turn has come. Of those that wait for the same one is told, not each. */
function setAside({ waits, message, news }: Waiting, observed: Observed, { events, log }: IssueOptions): Outcome {
  if (news) {
    events.emit(observed, { type: 'Warning', reason: waits === 'ca' ? 'CertificateAuthorityUnavailable' : 'LimitReached', message });
    log.warn('requests wait', { signer: observed.signerName, why: waits, told: message, first: observed.name });
  }
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
function delivered(chain: readonly Certificate[], signer: Signer | undefined): string {
  // Of an issuer that is found nobody said what its verifiers trust: as with cert-manager all goes along but what signed itself.
  if (signer === undefined) return chain.filter((each, i) => i === 0 || !issuedBy(each, each)).map(certificatePem).join('');
  return (signer.includeRoot ? chain : chain.slice(0, -1)).map(certificatePem).join('');
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

function subject({ name, uid, signerName, requester }: Observed, names: readonly GeneralName[]): RecordSubject {
  return { request: name, uid, signer: signerName, requester: requester.username, names };
}

function secondsSince(received: number | undefined, { monotonic }: IssueOptions): number | null {
  return received === undefined ? null : (monotonic() - received) / 1000;
}

function facts({ name, uid, signerName, requester }: Observed): Record<string, unknown> {
  return { request: name, uid, signer: signerName, requester: requester.username };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
