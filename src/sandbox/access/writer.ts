import type { Writer } from '../kinds/kind.ts';
import type { Store } from '../objects/store.ts';
import type { Identity } from './identity.ts';
import { mayDo } from './rbac.ts';
import type { Tokens } from './tokens.ts';

/** What the rules of a kind get to know of whoever writes, and when. */
export function writerFor(identity: Identity, { store, tokens, now }: { readonly store: Store; readonly tokens: Tokens; readonly now: () => Date }): Writer {
  return {
    identity,
    now: now(),
    may: (wanted) => mayDo(store, identity, wanted),
    couldBe: (other, wanted) => mayDo(store, other, wanted),
    mint: (request) => tokens.mint(request),
  };
}
