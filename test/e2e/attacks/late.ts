import { ISTIOD, spiffe } from '../../support/requests.ts';
import type { LateAttack } from './attack.ts';
import { patch, REGISTRY, REGISTRY_NAME } from './forged-decisions.ts';
import { approve, create, settled, type Ask } from './request.ts';
import { USERS, type World } from './world.ts';

/** Requests that were approved while Signet was away: what they get is what the policy says when they are signed, not when they were approved. */
export const late: { readonly title: string; readonly attacks: readonly LateAttack[] } = {
  title: 'Approved while Signet was away, and not as it was any more when it came back',
  attacks: [
    waiting({
      attack: { title: 'a namespace that its signer served when istiod approved, and does not serve now', by: 'istiod', stoppedBy: { signet: { rules: ['namespace'] } }, cause: /namespace: found "retired"/ },
      ask: { as: ISTIOD, signer: 'foo', approvedBy: ISTIOD, shape: { names: [spiffe('retired')] } },
      twin: { title: 'a namespace that it still serves', ask: { as: ISTIOD, signer: 'foo', approvedBy: ISTIOD, shape: { names: [spiffe('foo')] } }, name: 'URI:spiffe://cluster.local/ns/foo/sa/app' },
    }),
    waiting({
      attack: { title: 'an annotation that asks for a CA, added after the approval', by: 'user', stoppedBy: { signet: { rules: ['known-annotations'] } }, cause: /request-is-ca": found "true"/ },
      ask: { ...REGISTRY, approvedBy: USERS.approver },
      then: (world, name) => patch(world, USERS.writer, name, { metadata: { annotations: { 'experimental.cert-manager.io/request-is-ca': 'true' } } }),
      twin: { title: 'an annotation of another family', ask: { ...REGISTRY, approvedBy: USERS.approver }, name: REGISTRY_NAME, then: (world, name) => patch(world, USERS.writer, name, { metadata: { annotations: { 'example.com/note': 'true' } } }) },
    }),
    waiting({
      attack: { title: 'an annotation that asks for what nobody knows, added after the approval', by: 'controller', stoppedBy: { signet: { rules: ['known-annotations'] } }, cause: /request-names": found "bar"/ },
      ask: { as: ISTIOD, signer: 'foo', approvedBy: ISTIOD, shape: { names: [spiffe('foo', 'annotated')] } },
      then: (world, name) => patch(world, USERS.rival, name, { metadata: { annotations: { 'experimental.cert-manager.io/request-names': 'bar' } } }),
      twin: { title: 'nothing added', ask: { as: ISTIOD, signer: 'foo', approvedBy: ISTIOD, shape: { names: [spiffe('foo', 'annotated')] } }, name: 'URI:spiffe://cluster.local/ns/foo/sa/annotated' },
    }),
  ],
};

type Tamper = (world: World, name: string) => Promise<unknown>;
type Waiting = {
  readonly attack: Pick<LateAttack, 'title' | 'by' | 'stoppedBy' | 'cause'>;
  readonly ask: Ask & { readonly approvedBy: string };
  /** What is done after the approval. */
  readonly then?: Tamper;
  readonly twin: { readonly title: string; readonly name: string; readonly ask: Ask & { readonly approvedBy: string }; readonly then?: Tamper };
};

function waiting({ attack, ask, then, twin }: Waiting): LateAttack {
  const made = { attack: '', twin: '' };
  const make = async (world: World, { approvedBy, ...rest }: Waiting['ask'], after: Tamper | undefined): Promise<string> => {
    const { metadata: { name } } = await create(world, rest);
    await approve(world, name, approvedBy);
    await after?.(world, name);
    return name;
  };
  return {
    ...attack,
    prepare: async (world) => {
      made.attack = await make(world, ask, then);
      made.twin = await make(world, twin.ask, twin.then);
    },
    attempt: (world) => settled(world, made.attack),
    twin: { title: twin.title, name: twin.name, signer: twin.ask.signer, attempt: (world) => settled(world, made.twin) },
  };
}
