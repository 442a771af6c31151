// Who may have what by the labels of namespaces. Signet has the right to see them last.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { rbacObjects, type PolicyRule } from '../../src/config/rbac.ts';
import { matchesLabels, selectorText, type LabelRequirement, type Labels } from '../../src/core/label-selector.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import { until } from '../support/rig/until.ts';
import type { Target } from './client.ts';
import { MERGE, RBAC } from './kubernetes/world.ts';
import { namespace, ok, startSignet, user, type Csr, type Signet } from './signet.ts';

const DOMAIN = 'signers.example.test';
const NAMESPACES = '/api/v1/namespaces';
const CONFIG = `
signers:
  - { name: ${DOMAIN}/tenant-a, ca: { secret: cas/tenant-a }, allow: { namespaces: { matchLabels: { tenant: a } } } }
  - { name: ${DOMAIN}/rest, ca: { secret: cas/rest }, allow: { namespaces: unclaimed } }
  - { name: ${DOMAIN}/plain, ca: { secret: cas/plain }, allow: { namespaces: plain } }
http: { address: "127.0.0.1:0" }
`;

export function namespacesContract(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    let signet: Signet;

    before(async () => {
      target = await open();
      signet = await startSignet(target, { config: CONFIG, objects: [namespace('plain'), namespace('other'), namespace('labelled', { tenant: 'a' })], withheld: seesNamespaces });
    });
    after(async () => {
      await signet?.stop();
      await target?.stop();
    });

    it('before the labels are known nothing is decided by them, and what does not ask for them is', async () => {
      const waiting = [await ask('tenant-a', 'labelled'), await ask('tenant-a', 'other'), await ask('rest', 'other')];
      assert.equal(await verdict(await ask('plain', 'plain')), 'issued');
      for (const each of waiting) assert.equal((await signet.read(each)).status?.conditions, undefined);
      assert.deepEqual(signet.app.missing(), ['the first list of Namespaces']);

      await openTheView();
      assert.deepEqual(await Promise.all(waiting.map(verdict)), ['issued', 'Denied', 'issued']);
      assert.deepEqual(signet.app.missing(), []);
    });

    it('a namespace that is made, labelled anew and unlabelled is judged as it is then', async () => {
      await make('moving', { tenant: 'a' });
      await settles('tenant-a', 'moving', 'issued');
      assert.equal(await verdict(await ask('rest', 'moving')), 'Denied');
      await label('moving', { tenant: 'b' });
      await settles('tenant-a', 'moving', 'Denied');
      assert.equal(await verdict(await ask('rest', 'moving')), 'issued');
      await label('moving', { tenant: 'a' });
      await settles('tenant-a', 'moving', 'issued');
      await label('moving', { tenant: null });
      await settles('tenant-a', 'moving', 'Denied');
    });

    it('a namespace that the cluster does not have fits no selector, and is not unclaimed while somebody claims by one', async () => {
      assert.equal(await verdict(await ask('tenant-a', 'nowhere')), 'Denied');
      assert.equal(await verdict(await ask('rest', 'nowhere')), 'Denied');
      assert.equal(await verdict(await ask('rest', 'other')), 'issued');
    });

    it('selectors select what the API server selects', async () => {
      const all: Record<string, Labels> = { 'sel-0': {}, 'sel-1': { a: 'x' }, 'sel-2': { a: 'y', b: '' }, 'sel-3': { b: 'x', 'example.com/a': 'y' }, 'sel-4': { 'a': '', 'b': 'y', 'example.com/a': 'x' } };
      for (const [each, labels] of Object.entries(all)) await make(each, labels);
      const requirements = ['a', 'b', 'example.com/a'].flatMap((key): LabelRequirement[] => [
        { key, operator: 'Exists', values: [] },
        { key, operator: 'DoesNotExist', values: [] },
        ...[['x'], [''], ['x', 'y'], ['', 'z']].flatMap((values): LabelRequirement[] => [{ key, operator: 'In', values }, { key, operator: 'NotIn', values }]),
      ]);
      const selectors = requirements.flatMap((first, i) => [{ requirements: [first] }, { requirements: [first, requirements[(i * 7 + 3) % requirements.length] ?? first] }]);
      let selected = 0;
      for (const selector of selectors) {
        const { items } = (await ok(signet.client.call('GET', `${NAMESPACES}?labelSelector=${encodeURIComponent(selectorText(selector))}`))) as { items: { metadata: { name: string } }[] };
        const theirs = items.map(({ metadata }) => metadata.name).filter((each) => each.startsWith('sel-')).sort();
        const ours = Object.entries(all).flatMap(([each, labels]) => (matchesLabels(selector, labels) ? [each] : []));
        assert.deepEqual(ours, theirs, selectorText(selector));
        if (ours.length > 0 && ours.length < 5) selected += 1;
      }
      assert.ok(selected > selectors.length / 2);
    });

    async function make(name: string, labels: Labels): Promise<void> {
      await ok(signet.client.call('POST', NAMESPACES, { body: namespace(name, labels) }));
    }

    /** Gives Signet its whole ClusterRole. */
    async function openTheView(): Promise<void> {
      const parsed = parseConfig(CONFIG);
      const whole = parsed.ok ? rbacObjects(parsed.config).flatMap((object) => ('rules' in object && object.rules.some(seesNamespaces) ? [object] : [])) : [];
      assert.equal(whole.length, 1, 'the rights include the view of namespaces');
      for (const { metadata, rules } of whole) await ok(signet.client.call('PATCH', `${RBAC}/clusterroles/${metadata.name}`, { body: { rules }, type: MERGE }));
    }

    async function label(name: string, labels: Record<string, string | null>): Promise<void> {
      await ok(signet.client.call('PATCH', `${NAMESPACES}/${name}`, { body: { metadata: { labels } }, type: MERGE }));
    }

    /** A service account of the namespace asks the signer for itself. */
    function ask(signer: string, from: string): Promise<Csr> {
      return signet.create({ signerName: `${DOMAIN}/${signer}`, pem: csrPem({ names: [spiffe(from)] }), as: user(from, 'app') });
    }

    /** `issued`, or the condition that ended it; a refusal must be the rule's about namespaces. */
    function verdict(csr: Csr): Promise<string> {
      let last = csr;
      return until(async () => {
        last = await signet.read(csr);
        if (last.status?.certificate !== undefined) return 'issued';
        const refusal = last.status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
        return refusal !== undefined && (/namespace: found "[a-z-]+", allowed only namespaces that signer/.test(refusal.message) ? refusal.type : refusal.message);
      }, { what: 'a verdict', seconds: 40, otherwise: () => last });
    }

    /** The watch is a moment behind the write: asks until the verdict is that one. */
    async function settles(signer: string, from: string, expected: string): Promise<void> {
      await until(async () => (await verdict(await ask(signer, from))) === expected, { what: `${from} at ${signer} to become ${expected}` });
    }
  });
}

function seesNamespaces({ resources }: PolicyRule): boolean {
  return resources.includes('namespaces');
}
