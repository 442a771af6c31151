// Every way we know to a certificate of another tenant's CA, or to a name that is not one's own, tried on a real istiod, real agents and a real
// API server. Each attack has a twin that differs from it in one detail and gets its certificate in the same run. docs/attacks.md is what is
// seen here: UPDATE_DOCS=1 writes it anew.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openDefinition } from '../support/example/controllers.ts';
import { SIGNER_DOMAIN } from '../support/mesh.ts';
import { ApiError, type KubernetesObject } from '../support/rig/api.ts';
import { until } from '../support/rig/until.ts';
import { assertTold, inPlace } from '../support/told.ts';
import type { Attack, AttackClass, Outcome, StoppedBy } from './attacks/attack.ts';
import { calls } from './attacks/calls.ts';
import { environment } from './attacks/environment.ts';
import { forgedDecisions, REGISTRY } from './attacks/forged-decisions.ts';
import { guarded } from './attacks/guarded.ts';
import { everIssued, strayed } from './attacks/issued.ts';
import { late } from './attacks/late.ts';
import { names } from './attacks/names.ts';
import { powers } from './attacks/powers.ts';
import { brokenRules, replay, RULES } from './attacks/replay.ts';
import { create } from './attacks/request.ts';
import { requesters } from './attacks/requesters.ts';
import { attackTable, bySignetText, type Row } from './attacks/table.ts';
import { webhookPort } from './attacks/webhook-port.ts';
import { startWorld, USERS, type World } from './attacks/world.ts';

const CLASSES: readonly AttackClass[] = [environment, calls, requesters, names, powers, webhookPort, forgedDecisions];
/** What is asked of the table as a whole. */
const LEAST_BY_SIGNET = 30;

describe('attacks on a mesh of two tenants', () => {
  let world: World;
  const rows: Row[] = [];
  const stoppedBySignet: Stopped[] = [];
  let served = 0;

  before(async () => {
    world = await startWorld();
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const twinOf = async (attack: Attack): Promise<void> => {
    assertServed(world, attack, await attack.twin.attempt(world));
    served += 1;
  };
  const stopped = (attack: Attack, outcome: Outcome, by = attack.stoppedBy): string => {
    const seen = assertStopped(world, { ...attack, stoppedBy: by }, outcome);
    if (outcome.got === 'refusal' && outcome.by === 'Signet') stoppedBySignet.push({ attack, outcome, policy: world.config.policy });
    return stopperText(seen);
  };

  for (const { title, attacks, concurrency = 8 } of CLASSES) {
    describe(title, { concurrency }, () => {
      for (const attack of attacks) {
        it(titleOf(attack), async () => {
          rows.push({ title, attack, stopped: stopped(attack, await attack.attempt(world)) });
          await twinOf(attack);
        });
      }
    });
  }

  describe('What guard is for, without it', { concurrency: 8 }, () => {
    for (const attack of guarded.attacks) {
      const { withoutGuard: otherwise } = attack;
      it(`${attack.title}: ${withoutGuardText(otherwise)}`, async () => {
        const outcome = await attack.attempt(world);
        if ('possible' in otherwise) assert.deepEqual(outcome, { got: 'effect', what: otherwise.possible });
        else stopped({ ...attack, cause: /./ }, outcome, otherwise);
        await twinOf(attack);
      });
    }
  });

  it('every refusal of Signet is counted, with its reason', async () => {
    const counted = await Promise.all(['foo', 'bar', 'istio-system', 'payments', 'registry'].map((signer) => refusals(world, `${SIGNER_DOMAIN}/${signer}`)));
    const written = stoppedBySignet.filter(({ outcome: { observed } }) => observed.name !== 'new').length;
    const sum = counted.reduce((total, each) => total + each, 0);
    assert.ok(written >= LEAST_BY_SIGNET && sum >= written, `${sum} are counted, ${written} were seen`);
  });

  it("a ClusterIssuer of cert-manager on a tenant's CA is named by \"signet signers\", which ends with 1; one on another Secret is not", async () => {
    const { controlPlane, signet } = world.mesh;
    const issuer = (secretName: string): KubernetesObject => ({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'back-door' }, spec: { ca: { secretName } } });
    await controlPlane.api.apply(openDefinition('cert-manager.io', 'v1', 'ClusterIssuer', 'Cluster') as unknown as KubernetesObject);
    const after = async (secret: string): Promise<{ code: number; output: string }> => {
      await until(() => controlPlane.api.apply(issuer(secret)), { what: 'ClusterIssuers to be known' });
      return signet.cli('signers');
    };
    const apart = await after('nobodys-ca');
    assert.equal(apart.code, 0, apart.output);
    assert.doesNotMatch(apart.output, /back-door/);
    const shared = await after('foo-ca-selfsigned');
    assert.equal(shared.code, 1, shared.output);
    assert.match(shared.output, /^clusterissuers\.cert-manager\.io\/foo .*ClusterIssuer back-door/m);
  });

  describe(late.title, () => {
    before(async () => {
      await world.stopSignet();
      for (const { prepare } of late.attacks) await prepare(world);
      await world.restartSignet((config) => config.replace('namespaces: [foo, retired]', 'namespaces: [foo]'));
    });
    for (const attack of late.attacks) {
      it(titleOf(attack), async () => {
        rows.push({ title: late.title, attack, stopped: stopped(attack, await attack.attempt(world)) });
        await twinOf(attack);
      });
    }
  });

  describe(guarded.title, { concurrency: 8 }, () => {
    before(async () => {
      await world.installGuard();
      // The API server takes a policy up when its own watch has brought it.
      const refused = (error: unknown): boolean => error instanceof ApiError && error.status === 403;
      await until(() => create(world, { ...REGISTRY, as: USERS.asker }).then(() => false, refused), { what: 'guard to be in force' });
    });
    for (const attack of guarded.attacks) {
      it(titleOf(attack), async () => {
        const by = stopped(attack, await attack.attempt(world));
        rows.push({ title: guarded.title, attack, stopped: `${by}; ${withoutGuardText(attack.withoutGuard)}` });
        await twinOf(attack);
      });
    }
  });

  it(`at least ${LEAST_BY_SIGNET} attacks are stopped by Signet itself, and each rule of the policy stops one that nothing else stops`, () => {
    assert.ok(stoppedBySignet.length >= LEAST_BY_SIGNET, `${stoppedBySignet.length} are`);
    for (const rule of RULES) {
      const own = stoppedBySignet.filter(({ outcome: { observed }, policy }) => rulesOf(observed, policy).includes(rule));
      assert.ok(own.length > 0, `${rule} stops no attack`);
      for (const { attack, outcome: { observed }, policy } of own) {
        const [now, mutant] = [replay(observed, policy), replay(observed, policy, [rule])];
        assert.ok(now.refused && mutant.violations < now.violations, `without ${rule}, this gets no further: ${attack.title}`);
      }
      assert.ok(own.some(({ outcome: { observed }, policy }) => !replay(observed, policy, [rule]).refused), `no attack would succeed without ${rule}`);
    }
  });

  it('no certificate of a tenant\'s CA was ever made for anybody else, nor one that is a CA', async (context) => {
    const issued = await everIssued(world);
    context.diagnostic(`${rows.length} attacks, ${stoppedBySignet.length} refusals of Signet, ${served} twins served; ${issued.length} certificates looked at`);
    assert.ok(issued.length >= served, `only ${issued.length} are found, and ${served} twins were served`);
    assert.deepEqual(strayed(issued), []);
    // What it would look like: one of foo's for bar.
    assert.equal(strayed([...issued, { signer: 'foo', name: 'URI:spiffe://cluster.local/ns/bar/sa/app', ca: false }]).length, 1);
  });

  it('docs/attacks.md has the table of what was seen', async () => {
    const all = [...CLASSES, late, guarded].flatMap(({ attacks }): readonly Attack[] => attacks);
    assert.equal(rows.length, all.length, 'not every attack went as it should: see above');
    // They end in any order.
    const table = attackTable([...rows].sort((a, b) => all.indexOf(a.attack) - all.indexOf(b.attack)));
    await assertTold('docs/attacks.md', 'test/e2e/attacks.test.ts', (text) => inPlace(text, 'attacks, made by test/e2e/attacks.test.ts', table));
  });
});

type BySignet = Extract<Outcome, { by: 'Signet' }>;
type Stopped = { readonly attack: Attack; readonly outcome: BySignet; /** As it was then. */ readonly policy: World['config']['policy'] };

/** It was stopped by whom the attack says, for the reason it says; what was seen is returned. */
function assertStopped({ config: { policy } }: World, attack: Attack, outcome: Outcome): StoppedBy {
  assert.ok(outcome.got === 'refusal', `it succeeded: ${outcome.got === 'certificate' ? outcome.leaf.subjectAltName : 'what' in outcome ? outcome.what : ''}`);
  assert.match(outcome.message, attack.cause);
  if (outcome.by !== 'Signet') {
    assert.equal(outcome.by, attack.stoppedBy, outcome.message);
    return outcome.by;
  }
  // The policy alone says the same of the very bytes, so nothing else has refused them.
  const { reason, message } = replay(outcome.observed, policy);
  assert.deepEqual([outcome.reason, outcome.message], [reason, message]);
  const seen = { signet: brokenRules(outcome.observed, policy) };
  assert.deepEqual(seen, attack.stoppedBy, outcome.message);
  return seen;
}

function assertServed({ authorities }: World, { twin }: Attack, outcome: Outcome): void {
  assert.ok(outcome.got === 'certificate', `the twin was not served: ${outcome.got === 'refusal' ? `${outcome.by}: ${outcome.message}` : outcome.got}`);
  assert.equal(outcome.leaf.subjectAltName, twin.name);
  assert.ok(outcome.leaf.verify(new X509Certificate(authorities[twin.signer].certificate.der).publicKey), `the twin's certificate is not of ${twin.signer}'s CA`);
}

function rulesOf(observed: BySignet['observed'], policy: Stopped['policy']): readonly string[] {
  const broken = brokenRules(observed, policy);
  return 'rules' in broken ? broken.rules : [];
}

async function refusals({ mesh: { signet } }: World, signer: string): Promise<number> {
  const lines = (await signet.metrics()).split('\n').filter((line) => line.startsWith('signet_requests_total') && line.includes(`signer="${signer}"`) && /outcome="(denied|failed)"/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function titleOf({ title, stoppedBy, twin }: Attack): string {
  return `${title}: stopped by ${stopperText(stoppedBy)}; ${twin.title}: served`;
}

function withoutGuardText(otherwise: (typeof guarded.attacks)[number]['withoutGuard']): string {
  return `without guard ${'possible' in otherwise ? otherwise.possible : `stopped by ${bySignetText(otherwise.signet)}`}`;
}

function stopperText(by: StoppedBy): string {
  return typeof by === 'string' ? (by === 'API server' ? 'the API server' : by) : bySignetText(by.signet);
}
