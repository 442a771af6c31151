import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clash, overlap, type Claim } from '../../src/adapters/authorities/conflict.ts';
import { loadPair, type CaPair, type PairFiles } from '../../src/adapters/authorities/pair.ts';
import { SecretAuthority } from '../../src/adapters/authorities/secret.ts';
import { Unavailable } from '../../src/control/errors.ts';
import { chainPem, secretFiles, testIntermediate, testRoot, type AuthorityShape, type TestAuthority } from '../support/authority.ts';
import { after, NOON } from '../support/clock.ts';
import { testKey, type TestKey } from '../support/keys.ts';
import { substitutedKey } from '../support/substituted-key.ts';

const [K1, K2] = [testKey('P-256', 'the first CA key'), testKey('P-256', 'the second CA key')];
const first = (shape: AuthorityShape = {}): PairFiles => secretFiles(testRoot({ name: 'foo', key: K1, ...shape }));
const second = (shape: AuthorityShape = {}): PairFiles => secretFiles(testRoot({ name: 'foo', key: K2, ...shape }));
const DAY = 86_400;
const NEVER = new AbortController().signal;

/** An authority with the Secret that it keeps, and a clock that can be set. */
function world({ own = null, source = null, conflict = () => null, failing = false }: { own?: PairFiles | null; source?: PairFiles | null; conflict?: (pair: CaPair) => string | null; failing?: boolean } = {}) {
  const kept: PairFiles[] = [];
  const clock = { now: NOON };
  const authority = new SecretAuthority({
    anchor: 'root',
    lifetime: DAY,
    sourceName: 'Secret cert-manager/foo-ca',
    ownName: 'Secret signet-system/signet-ca-foo',
    keep: (files) => {
      if (failing) return Promise.reject(new Unavailable('the API server is away'));
      kept.push(files);
      return Promise.resolve();
    },
    conflict,
    now: () => clock.now,
  });
  authority.restore(own);
  authority.offer(source);
  return { authority, kept, clock };
}

function keyInUse({ inUse }: SecretAuthority): string {
  const spki = inUse?.chain[0]?.publicKey.spki;
  if (spki === undefined) return 'none';
  return Buffer.compare(spki, K1.publicKey.spki) === 0 ? 'first' : 'second';
}

describe('a CA from a Secret', () => {
  it('is kept in a Secret of Signet\'s own before it is used', async () => {
    const { authority, kept } = world({ source: first() });
    assert.equal(authority.state().ready, false);
    await authority.reconcile(NEVER);
    assert.equal(authority.state().ready, true);
    assert.equal(kept.length, 1);

    const away = world({ source: first(), failing: true });
    await assert.rejects(away.authority.reconcile(NEVER), Unavailable);
    assert.equal(away.authority.state().ready, false);
  });

  it('goes on as it is when the source changes its key, and says what waits; the same key renewed is adopted', async () => {
    const { authority, kept } = world({ own: first(), source: second() });
    assert.match((await authority.reconcile(NEVER)) ?? '', /waits for a rotation: it has another key/);
    assert.equal(await authority.reconcile(NEVER), null, 'told once');
    const state = authority.state();
    assert.ok(state.ready && /waits for a rotation/.test(state.held ?? ''));
    assert.deepEqual([keyInUse(authority), kept.length], ['first', 0]);

    authority.offer(first({ notAfter: after(5000 * DAY) }));
    assert.match((await authority.reconcile(NEVER)) ?? '', /adopted .* the same key/);
    const renewed = authority.state();
    assert.deepEqual([renewed.ready && renewed.held, kept.length], [null, 1]);
  });

  for (const [what, source] of [
    ['has lost its key', { 'tls.crt': first()['tls.crt'] as Buffer }],
    ['has another CA\'s key', { ...first(), 'tls.key': second()['tls.key'] as Buffer }],
    ['is no PEM', { ...first(), 'tls.crt': Buffer.from('nonsense') }],
    ['is gone', null],
  ] as [string, PairFiles | null][]) {
    it(`goes on as it is when the source ${what}; without a pair in use it is unavailable, and says why`, async () => {
      const { authority } = world({ own: first(), source });
      await authority.reconcile(NEVER);
      assert.equal(authority.state().ready, true);

      const alone = world({ source });
      await alone.authority.reconcile(NEVER);
      const state = alone.authority.state();
      assert.ok(!state.ready);
      assert.match(state.message, /^Secret cert-manager\/foo-ca (tls\.|does not exist|the first certificate)/);
      assert.doesNotMatch(state.message, /PRIVATE KEY/);
    });
  }

  it('gives way to another valid pair once it is over, and not a day before', async () => {
    const { authority, clock } = world({ own: first({ notAfter: after(2 * DAY) }), source: second() });
    await authority.reconcile(NEVER);
    assert.equal(keyInUse(authority), 'first');
    clock.now = after(2 * DAY + 1);
    assert.equal(authority.state().ready, false);
    assert.match((await authority.reconcile(NEVER)) ?? '', /the pair in use is over/);
    assert.deepEqual([keyInUse(authority), authority.state().ready], ['second', true]);
  });

  it('is never replaced by a pair that is over or not valid yet, nor begun with one', async () => {
    for (const shape of [{ notAfter: after(-1) }, { notBefore: after(60) }]) {
      const { authority, clock } = world({ own: first(), source: first(shape) });
      assert.match((await authority.reconcile(NEVER)) ?? '', /the CA (expired|certificate is not valid before)/);
      assert.equal(authority.state().ready, true);

      const fresh = world({ source: first(shape) });
      await fresh.authority.reconcile(NEVER);
      assert.deepEqual([fresh.authority.state().ready, fresh.kept.length], [false, 0]);
      clock.now = after(61);
      assert.equal(authority.state().ready, true);
    }
  });

  it('says that it ends too soon, and is not ready, when less than a tenth of a lifetime is left', () => {
    const soon = world({ own: first({ notAfter: after(DAY / 10 - 60) }), source: null }).authority.state();
    assert.ok(!soon.ready && soon.reason === 'CertificateAuthorityExpired' && /renew it/.test(soon.message));
    assert.equal(world({ own: first({ notAfter: after(DAY / 10 + 60) }), source: null }).authority.state().ready, true);
  });

  it('writes its own Secret anew when somebody deletes or damages it', async () => {
    for (const damaged of [null, { 'tls.crt': Buffer.from('x') }]) {
      const { authority, kept } = world({ own: first(), source: second() });
      await authority.reconcile(NEVER);
      authority.restore(damaged);
      assert.match((await authority.reconcile(NEVER)) ?? '', /gone or damaged and is written anew/);
      assert.deepEqual(kept[0]?.['tls.key'], first()['tls.key']);
      assert.equal(keyInUse(authority), 'first');
    }
  });

  it('adopts nothing at start when its own Secret cannot be read: nobody knows which pair was in use', async () => {
    const { authority, kept } = world({ own: { 'tls.crt': Buffer.from('x') }, source: second() });
    await authority.reconcile(NEVER);
    const state = authority.state();
    assert.ok(!state.ready && /put it right, or delete it/.test(state.message));
    assert.equal(kept.length, 0);
    authority.restore(null);
    await authority.reconcile(NEVER);
    assert.equal(keyInUse(authority), 'second');
  });

  it('counts as tried when it may not be read, and says which right is missing', () => {
    const authority = world().authority;
    const fresh = new SecretAuthority({ anchor: 'root', lifetime: DAY, sourceName: 'Secret a/b', ownName: 'Secret c/d', keep: () => Promise.resolve(), conflict: () => null, now: () => NOON });
    assert.equal(fresh.tried, false);
    fresh.restore(null);
    fresh.unreadable('source', 'secrets "b" is forbidden');
    assert.equal(fresh.tried, true);
    const state = fresh.state();
    assert.ok(!state.ready && /Secret a\/b cannot be read: secrets "b" is forbidden/.test(state.message));
    authority.unreadable('source', 'known already, so this changes nothing');
    assert.ok(!authority.state().ready);
  });

  it('is not adopted while it cannot be told apart from another signer\'s, and replaces one that could not', async () => {
    const conflict = (pair: CaPair): string | null => (Buffer.compare(pair.chain[0]?.publicKey.spki ?? K1.publicKey.spki, K1.publicKey.spki) === 0 ? 'it clashes' : null);
    const { authority, kept } = world({ source: first(), conflict });
    assert.match((await authority.reconcile(NEVER)) ?? '', /cannot be used: it clashes/);
    assert.deepEqual([authority.state().ready, kept.length], [false, 0]);

    const before = world({ own: first(), source: second(), conflict });
    assert.equal(before.authority.state().ready, false);
    await before.authority.reconcile(NEVER);
    assert.deepEqual([keyInUse(before.authority), before.authority.state().ready], ['second', true]);
  });
});

describe('a Secret that holds no pair', () => {
  it('is looked at once, however often somebody writes it with the same bytes', () => {
    let reads = 0;
    const key = Buffer.from('no key');
    const bad = (text: string): PairFiles => Object.defineProperty({ 'tls.crt': Buffer.from(text) }, 'tls.key', { get: () => ((reads += 1), key) });
    const { authority } = world();
    const readsOf = (files: PairFiles): number => {
      reads = 0;
      authority.offer(files);
      return reads;
    };
    const whole = readsOf(bad('first'));
    assert.ok(whole > 1);
    assert.equal(readsOf(bad('first')), 1, 'its digest alone');
    assert.equal(readsOf(bad('second')), whole);
    authority.offer(first());
    assert.ok(authority.offered !== null);
  });

  it('is one with a certificate that would fill what all signers publish together', () => {
    const files = (length: number): PairFiles => secretFiles(testRoot({ name: 'x'.repeat(length) }));
    const large = loadPair(files(9_000), { anchor: 'root' });
    assert.match(large.ok ? '' : large.problem, /^tls\.crt, certificate 1, has 18\d\d\d bytes, more than 16384/);
    assert.ok(loadPair(files(7_000), { anchor: 'root' }).ok);
  });
});

describe('two signers\' CAs', () => {
  const pair = (authority: TestAuthority, anchor: 'root' | 'issuer' = 'root'): CaPair => {
    const loaded = loadPair(secretFiles(authority), { anchor });
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.pair;
  };
  const common = testRoot({ name: 'common root' });
  const [foo, bar] = [testIntermediate(common, { name: 'foo', key: K1 }), testIntermediate(common, { name: 'bar', key: K2 })];

  it('are apart with a root each', () => {
    assert.equal(overlap(pair(testRoot({ name: 'foo', key: K1 })), pair(testRoot({ name: 'bar', key: K2 }))), null);
  });

  it('are not apart below a common root, unless each publishes its issuer', () => {
    assert.equal(overlap(pair(foo), pair(bar)), 'trust');
    assert.equal(overlap(pair(foo, 'issuer'), pair(bar, 'issuer')), null);
  });

  it('are not apart with one key, whatever their names', () => {
    assert.equal(overlap(pair(testRoot({ name: 'foo', key: K1 })), pair(testRoot({ name: 'bar', key: K1 }))), 'key');
  });

  it('are not apart when one stands anywhere above the other, published or not', () => {
    const below = testIntermediate(testIntermediate(foo, { name: 'between', key: testKey('P-256', 'between') }), { name: 'bar', key: K2 });
    assert.equal(overlap(pair(foo, 'issuer'), pair(below, 'issuer')), 'trust');
    assert.equal(overlap(pair(foo, 'issuer'), pair(bar, 'issuer')), null);
  });

  it('are not apart when the root above one has the key of the other\'s, under whatever name', () => {
    const above = (key: TestKey): CaPair => pair(testIntermediate(testRoot({ name: 'another name', key }), { name: 'bar', key: K2 }));
    assert.equal(overlap(pair(testRoot({ name: 'foo', key: K1 })), above(K1)), 'trust');
    assert.equal(overlap(pair(testRoot({ name: 'foo', key: K1 })), above(testKey('P-256', 'another'))), null);
  });

  it('are apart with roots of one name, as long as the keys are different', () => {
    assert.equal(overlap(pair(testRoot({ name: 'same', key: K1 })), pair(testRoot({ name: 'same', key: K2 }))), null);
  });

  /** bar's own certificate, and nothing of who issued it. */
  const alone = (authority: TestAuthority): CaPair => {
    const loaded = loadPair({ 'tls.crt': Buffer.from(chainPem([authority.certificate])), 'tls.key': secretFiles(authority)['tls.key'] }, { anchor: 'issuer' });
    assert.ok(loaded.ok && loaded.pair.path.length === 1, JSON.stringify(loaded));
    return loaded.pair;
  };
  const below = (parent: TestAuthority): TestAuthority => testIntermediate(parent, { name: 'bar', key: K2 });

  it('are not apart when the root of one signed the other, whose files do not say who did', () => {
    assert.equal(overlap(pair(common), alone(bar)), 'trust');
    assert.equal(overlap(pair(testRoot({ name: 'another root' })), alone(bar)), null);
  });

  it('are not apart when any CA of one signed the other, though its root did not', () => {
    assert.equal(overlap(pair(foo), alone(below(foo))), 'trust');
    assert.equal(overlap(pair(foo), alone(below(testIntermediate(testRoot({ name: 'another root' }), { name: 'foo', key: testKey('P-256', 'another') })))), null);
  });

  it('are not apart when a CA of one has a second certificate in the path of the other', () => {
    const another = testRoot({ name: 'another root' });
    const crossed = (key: TestKey): TestAuthority => testIntermediate(another, { name: 'foo', key });
    assert.equal(overlap(pair(foo), pair(below(crossed(K1)))), 'trust');
    assert.equal(overlap(pair(foo), pair(below(crossed(testKey('P-256', 'another'))))), null);
  });

  it('are not apart when one signs with the key of a CA above the other', () => {
    const another = testRoot({ name: 'another root' });
    const of = (key: TestKey): TestAuthority => testIntermediate(another, { name: 'bar', key });
    assert.equal(overlap(pair(foo), pair(of(common.key))), 'trust');
    assert.equal(overlap(pair(testIntermediate(foo, { name: 'below foo', key: testKey('P-256', 'below foo') })), pair(of(K1))), 'trust');
    assert.equal(overlap(pair(foo), pair(of(testKey('P-256', 'another')))), null);
  });
});

describe('a CA whose files name another issuer than the one that signed it', () => {
  /** bar, signed by `signer`, with the certificate of a key under which that signature holds as well: whoever may write files can compute one. */
  const disguised = (signer: TestAuthority): CaPair => {
    const bar = testIntermediate(signer, { name: 'bar', key: K2 });
    const key = { privateKey: K2.privateKey, publicKey: substitutedKey(bar.certificate, signer.key.publicKey) };
    const parent = testIntermediate(testRoot({ name: 'elsewhere' }), { name: 'common', key, subjectKeyId: null });
    const loaded = loadPair({ ...secretFiles(bar), 'tls.crt': Buffer.from(chainPem([bar.certificate, parent.certificate])), 'ca.crt': Buffer.alloc(0) }, { anchor: 'issuer' });
    assert.ok(loaded.ok && loaded.pair.path.length === 2, JSON.stringify(loaded));
    return loaded.pair;
  };
  const pair = (authority: TestAuthority): CaPair => {
    const loaded = loadPair(secretFiles(authority), { anchor: 'root' });
    assert.ok(loaded.ok);
    return loaded.pair;
  };

  it('is found out', () => {
    const [common, twin] = [testRoot({ name: 'common', key: testKey('P-256', 'common') }), testRoot({ name: 'common', key: testKey('P-256', 'twin') })];
    assert.equal(overlap(pair(common), disguised(common)), 'trust');
    assert.equal(overlap(pair(twin), disguised(common)), null);
  });
});

describe('of two signers whose CAs are not apart', () => {
  const common = testRoot({ name: 'common root' });
  const files = (name: string, key: typeof K1): PairFiles => secretFiles(testIntermediate(common, { name, key }));
  const FOO = files('foo', K1);
  const BAR = files('bar', K2);
  type Signs = { readonly source?: PairFiles | null; readonly own?: PairFiles | null; readonly sharedTrust?: boolean };

  /** The signers in the order of the configuration; each keeps what it adopts. */
  function mesh(shapes: Readonly<Record<string, Signs>>) {
    const all = new Map<string, SecretAuthority>();
    for (const [name, { source, own = null, sharedTrust = false }] of Object.entries(shapes)) {
      const authority = new SecretAuthority({ anchor: 'root', lifetime: DAY, sharedTrust, sourceName: `Secret cas/${name}`, ownName: `Secret signet-system/${name}`, keep: () => Promise.resolve(), conflict: (pair) => clash(pair, name, all), now: () => NOON });
      all.set(name, authority);
      authority.restore(own);
      if (source !== undefined) authority.offer(source);
    }
    const of = (name: string): SecretAuthority => {
      const authority = all.get(name);
      assert.ok(authority !== undefined);
      return authority;
    };
    return {
      of,
      reconcile: async () => {
        const news: (string | null)[] = [];
        for (const authority of all.values()) news.push(await authority.reconcile(NEVER));
        return news;
      },
      ready: () => [...all].flatMap(([name, authority]) => (authority.state().ready ? [name] : [])),
    };
  }

  it('the first of the configuration signs where both are new, in whatever order they are looked at', async () => {
    const { of, reconcile, ready } = mesh({ foo: { source: FOO }, bar: { source: BAR } });
    await of('bar').reconcile(NEVER);
    await reconcile();
    assert.deepEqual(ready(), ['foo']);
  });

  it('the one that signs goes on when the other, which comes first, appears later: its workloads have certificates to renew', async () => {
    const { of, reconcile, ready } = mesh({ foo: { source: null }, bar: { source: BAR } });
    await reconcile();
    assert.deepEqual(ready(), ['bar']);

    of('foo').offer(FOO);
    const [news] = await reconcile();
    assert.match(news ?? '', /Secret cas\/foo holds a pair that cannot be used: it cannot be told apart from signer "bar"/);
    assert.deepEqual(ready(), ['bar']);

    of('foo').offer(secretFiles(testRoot({ name: 'foo', key: K1 })));
    await reconcile();
    assert.deepEqual(ready(), ['foo', 'bar'], 'with a root of its own');
  });

  it('it goes on after a restart too, as what signs is kept', async () => {
    const { reconcile, ready } = mesh({ foo: { source: FOO }, bar: { source: BAR, own: BAR } });
    await reconcile();
    assert.deepEqual(ready(), ['bar']);
  });

  it('the first of the configuration signs where both did: nobody can say which of them may be stopped', async () => {
    const { of, reconcile, ready } = mesh({ foo: { source: FOO, own: FOO }, bar: { source: BAR, own: BAR } });
    const news = await reconcile();
    assert.match(news[1] ?? '', /the pair in use cannot be used: it cannot be told apart from signer "foo"/);
    assert.deepEqual(ready(), ['foo']);
    const state = of('bar').state();
    assert.ok(!state.ready && !state.message.includes('"foo"') && state.detail?.includes('"foo"'), 'requesters are not told which other signer, operators are');
  });

  it('what signs does not change to a pair that would stop another', async () => {
    const alone = secretFiles(testRoot({ name: 'foo', key: K1 }));
    const { of, reconcile, ready } = mesh({ foo: { source: alone, own: alone }, bar: { source: BAR, own: BAR } });
    await reconcile();
    assert.deepEqual(ready(), ['foo', 'bar']);
    of('foo').offer(FOO);
    assert.match((await reconcile())[0] ?? '', /Secret cas\/foo holds a pair that cannot be used/);
    assert.deepEqual(ready(), ['foo', 'bar']);
  });

  it('none begins before it is known what the others have, and what signs waits for those before it alone', async () => {
    const { of, reconcile, ready } = mesh({ foo: { source: FOO }, bar: { own: BAR } });
    await reconcile();
    assert.deepEqual(ready(), ['bar'], 'it did sign before, and foo did not');
    assert.match(of('foo').state().ready ? '' : JSON.stringify(of('foo').state()), /signer \\"bar\\" has not been looked at yet/);
    of('bar').offer(null);
    await reconcile();
    assert.match(JSON.stringify(of('foo').state()), /cannot be told apart from signer/);
    assert.deepEqual(ready(), ['bar']);

    const waiting = mesh({ foo: { own: FOO }, bar: { source: BAR, own: BAR } });
    await waiting.reconcile();
    assert.deepEqual(waiting.ready(), ['foo']);
  });

  it('both sign where both say sharedTrust, and not where one does', async () => {
    for (const [foo, bar, signing] of [[true, true, ['foo', 'bar']], [true, false, ['foo']], [false, true, ['foo']]] as const) {
      const { reconcile, ready } = mesh({ foo: { source: FOO, sharedTrust: foo }, bar: { source: BAR, sharedTrust: bar } });
      await reconcile();
      assert.deepEqual(ready(), signing);
    }
  });

  it('a key is never shared, whatever they say', async () => {
    const same = files('bar', K1);
    const { reconcile, ready } = mesh({ foo: { source: FOO, sharedTrust: true }, bar: { source: same, sharedTrust: true } });
    assert.match((await reconcile())[1] ?? '', /its CA has the same key/);
    assert.deepEqual(ready(), ['foo']);
  });

  it('a pair that is being kept counts as one that signs', () => {
    const own = loadPair(FOO, { anchor: 'root' });
    const other = loadPair(BAR, { anchor: 'root' });
    assert.ok(own.ok && other.ok);
    const claim = (shape: Partial<Claim>): Claim => ({ claimed: null, offered: null, tried: true, sharedTrust: false, ...shape });
    const ask = (bar: Claim): string | null => clash(own.pair, 'foo', new Map([['foo', claim({ offered: own.pair })], ['bar', bar]]));
    assert.match(ask(claim({ claimed: other.pair })) ?? '', /signer "bar"/);
    assert.equal(ask(claim({ offered: other.pair })), null);
  });
});
