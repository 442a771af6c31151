import { Refusal, Unavailable } from './errors.ts';
import type { Authority, Log, Meter } from './ports.ts';
import type { Outcome } from './queue.ts';

/** A CA whose key pair can change while it serves. */
export interface AdoptingAuthority extends Authority {
  /** Whether everything it needs to know has been looked for once: before that a missing CA is ignorance, not a state. */
  readonly tried: boolean;
  /** Brings the pair in use up to date; resolves with news for the operator, or null. Throws Unavailable. */
  reconcile(signal: AbortSignal): Promise<string | null>;
}

export type AdoptOptions = {
  readonly authorities: ReadonlyMap<string, AdoptingAuthority>;
  /** Called when the CA of a signer may have changed: its requests and the publications are looked at again. */
  readonly changed: (signer: string) => void;
  readonly log: Log;
  readonly meter: Meter;
};

/** One look at the CA of one signer, by the signer's name. */
export function adoptLoop({ authorities, changed, log, meter }: AdoptOptions): (signer: string, signal: AbortSignal) => Promise<Outcome> {
  return async (signer, signal) => {
    const authority = authorities.get(signer);
    if (authority === undefined || !authority.tried) return 'done';
    try {
      const news = await authority.reconcile(signal);
      if (news !== null) log.warn('CA changed', { signer, news });
      const state = authority.state();
      meter.authority(signer, state);
      if (!state.ready) log.warn('CA not ready', { signer, reason: state.reason, why: state.message });
      changed(signer);
      return 'done';
    } catch (error) {
      if (signal.aborted) return 'done';
      if (!(error instanceof Unavailable) && !(error instanceof Refusal)) throw error;
      log.warn('cannot keep the CA pair now', { signer, why: error.message });
      // A refused write is mostly a missing RBAC rule: granting it should need no restart.
      return { retryAfter: error instanceof Unavailable ? error.retryAfter : 30 };
    }
  };
}
