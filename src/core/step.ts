import type { GeneralName } from './general-name.ts';
import type { Plan } from './plan.ts';
import type { CaReason, Reason, RefusalReason } from './reason.ts';
import type { Violation } from './violation.ts';

/** What is to be done about a request now: at most one write each. */
export type Step =
  /** Not ours, not our turn, or final. `notice` is for an Event, when the requester would otherwise wait in the dark. */
  | { readonly do: 'nothing'; readonly why: string; readonly notice?: Notice }
  /** The CA's side is in trouble, or (null) Signet does not know enough yet: ask again later, refuse nobody. */
  | { readonly do: 'wait'; readonly reason: CaReason | null; readonly message: string }
  | { readonly do: 'approve'; readonly policy: string; readonly names: readonly GeneralName[]; readonly message: string }
  | { readonly do: 'refuse'; readonly as: 'Denied' | 'Failed'; readonly reason: RefusalReason; /** The first of them. */ readonly violations: readonly Violation[]; /** None where the request cannot be read. */ readonly names: readonly GeneralName[]; readonly message: string }
  | { readonly do: 'issue'; readonly plan: Plan };

export type Notice = { readonly reason: Reason; readonly message: string; /** Default: Warning. */ readonly type?: 'Normal' };
