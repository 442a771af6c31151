import { Refusal, Unavailable } from './errors.ts';
import type { AdoptingAuthority, AuthorityState, Log, Meter } from './ports.ts';
import type { Outcome } from './queue.ts';

export type AdoptOptions = {
  readonly authorities: ReadonlyMap<string, AdoptingAuthority>;
  /** Called when a CA has changed: all requests, publications and CAs are looked at again. */
  readonly changed: () => void;
  readonly log: Log;
  readonly meter: Meter;
};

/** One look at the CA of one signer, by the signer's name. It may come at any time; it tells only of what is new since the last. */
export function adoptLoop({ authorities, changed, log, meter }: AdoptOptions): (signer: string, signal: AbortSignal) => Promise<Outcome> {
  const told = new Map<string, string>();
  return async (signer, signal) => {
    const authority = authorities.get(signer);
    if (authority === undefined || !authority.tried) return 'done';
    try {
      const news = await authority.reconcile(signal);
      if (news !== null) log.warn('news of a CA', { signer, news });
      const state = authority.state();
      meter.authority(signer, state);
      if (told.get(signer) !== summary(state)) {
        told.set(signer, summary(state));
        if (state.ready) log.info('CA ready', { signer, caSha256: state.authority.chain[0]?.fingerprint, held: state.held });
        else log.warn('CA not ready', { signer, reason: state.reason, why: state.detail ?? state.message });
        changed();
      }
      return 'done';
    } catch (error) {
      if (signal.aborted) return 'done';
      if (!(error instanceof Unavailable) && !(error instanceof Refusal)) throw error;
      log.warn('cannot keep the CA pair now', { signer, why: error.message });
      // A refused write is mostly an RBAC rule that is missing, or that the API server has not learnt yet: it is tried again too.
      return { retryAfter: error instanceof Unavailable ? error.retryAfter : null };
    }
  };
}

/** Equal for states between which nobody would see a difference. */
function summary(state: AuthorityState): string {
  // The time left in the message of a CA that ends soon runs on; the reason does not.
  return state.ready ? `${state.authority.chain.map(({ fingerprint }) => fingerprint).join()} ${state.held}` : state.reason === 'CertificateAuthorityExpired' ? state.reason : (state.detail ?? state.message);
}
