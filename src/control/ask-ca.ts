import { DEFAULT_LIMITS, type Limits } from '../core/limits.ts';
import type { Observed } from '../core/observed.ts';
import type { Plan } from '../core/plan.ts';
import { requestingNamespace } from '../core/requesting-namespace.ts';
import { Deadline } from './deadline.ts';
import { Refusal, Unavailable } from './errors.ts';
import type { Gate, Place, Waiting } from './gate.ts';
import type { Slot } from './slots.ts';

export type CaDeskOptions = {
  readonly gate: Gate;
  readonly limits: ReadonlyMap<string, Limits>;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
};

/** `slot` is what the work that asks holds. */
export type Question = { readonly plan: Plan; readonly observed: Observed; readonly signal: AbortSignal; readonly slot: Slot | undefined };

/** Where CAs are asked. */
export type CaDesk = {
  /** Asks a CA for a certificate if it may be asked, or says what the request waits for. Throws what `call` throws, and Unavailable when it takes too long. */
  ask<T>(question: Question, call: (signal: AbortSignal) => Promise<T>): Promise<{ readonly waits: null; readonly answer: T } | Waiting>;
  /** There is no CA to ask. Whether the request was set aside until there is; false: it should look again itself. */
  absent(observed: Observed, why: string): boolean;
  /** The look at this request is over. */
  settle(name: string): void;
  /** It is finished or gone. */
  forget(name: string): void;
};

/** Without limits, and without a place to wait in. */
export const askAtOnce: CaDesk = {
  ask: async ({ signal }, call) => ({ waits: null, answer: await call(signal) }),
  absent: () => false,
  settle: () => undefined,
  forget: () => undefined,
};

/** Every question to a CA goes through the gate, has its time, and holds no slot for long; the gate is told how it went. */
export function caDesk({ gate, limits, monotonic }: CaDeskOptions): CaDesk {
  /** By their seconds, of which the configuration has some; of signers there may be any number in a process's life. */
  const deadlines = new Map<number, Deadline>();

  function deadlineOf(signer: string): Deadline {
    const seconds = (limits.get(signer) ?? DEFAULT_LIMITS).timeout;
    let deadline = deadlines.get(seconds);
    if (deadline === undefined) {
      deadline = new Deadline({ seconds, monotonic });
      deadlines.set(seconds, deadline);
    }
    return deadline;
  }

  async function asked<T>(place: Place, { plan, signal }: Question, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      const answer = await deadlineOf(plan.signer).within(signal, call);
      place.answered();
      return answer;
    } catch (error) {
      report(place, error, signal);
      throw error;
    }
  }

  return {
    async ask(question, call) {
      const { plan, observed, slot } = question;
      const place = gate.enter(observed.name, plan.signer, requestingNamespace(plan.names, observed.requester));
      if (place.waits !== null) return place;
      const answer = asked(place, question, call);
      return { waits: null, answer: await (slot === undefined ? answer : slot.patiently(answer)) };
    },
    absent({ name, signerName, requester }, why) {
      const place = gate.enter(name, signerName, requestingNamespace([], requester));
      if (place.waits !== null) return true;
      place.failed(why, { atOnce: true });
      return false;
    },
    settle: (name) => gate.settle(name),
    forget: (name) => gate.forget(name),
  };
}

/** What a failed question says about the CA. */
function report(place: Place, error: unknown, signal: AbortSignal): void {
  // "At once": the CA changed after the plan was made, and the next plan is for the new one.
  if (signal.aborted || (error instanceof Unavailable && error.retryAfter === 0)) place.notAsked();
  else if (error instanceof Refusal) place.answered();
  else if (error instanceof Unavailable) place.failed(error.message, { retryAfter: error.retryAfter });
  else place.failed('it, or what asks it, has a bug');
}
