import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeadUriPattern, matchesDnsName, matchesPattern, matchesUri } from '../../src/core/pattern.ts';

/** pattern: values it matches, values it does not */
const DOTTED: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  'foo': [['foo'], ['', 'fo', 'fooo', 'foo.bar', 'Foo']],
  '*': [['foo', '-'], ['', 'foo.bar', '.']],
  '**': [['foo'], ['', 'a.b']],
  'team-*': [['team-', 'team-a', 'team-a-b'], ['team', 'ateam-b', 'team-a.b']],
  '*-team': [['-team', 'a-team'], ['team', 'a-team-b']],
  'a*b*c': [['abc', 'axbyc', 'abbc', 'abcbc'], ['ab', 'ac', 'abcd', 'acb', 'a.bc']],
  'a*b*b': [['abb', 'a-b-b'], ['ab', 'a-b']],
  'a*b*b*c': [['abbc', 'ab-bc'], ['abc', 'a-bc']],
  'ab*ba': [['abba', 'ab-ba'], ['aba', 'ab', 'ba']],
  '*.foo.svc': [['a.foo.svc'], ['foo.svc', '.foo.svc', 'a.b.foo.svc', 'a.foo.svc.', 'afoo.svc']],
  'a.*.c': [['a.b.c'], ['a..c', 'a.c', 'a.b.b.c']],
  '': [[''], ['a']],
};

describe('a pattern', () => {
  for (const [pattern, [matched, others]] of Object.entries(DOTTED)) {
    it(`"${pattern}" matches ${JSON.stringify(matched)} and not ${JSON.stringify(others)}`, () => {
      assert.deepEqual(matched.filter((value) => !matchesPattern(pattern, value, '.')), []);
      assert.deepEqual(others.filter((value) => matchesPattern(pattern, value, '.')), []);
    });
  }

  it('crosses dots where the separator is a slash, and no slash', () => {
    assert.equal(matchesPattern('foo/*', 'foo/a.b', '/'), true);
    assert.equal(matchesPattern('foo/*', 'foo/a/b', '/'), false);
    assert.equal(matchesPattern('*', 'foo/a', '/'), false);
  });

  it('takes its characters for themselves: a dot is a dot', () => {
    assert.equal(matchesPattern('a.c', 'abc', '.'), false);
    assert.equal(matchesPattern('a+c', 'aac', '.'), false);
    assert.equal(matchesPattern('[a-z]', 'a', '.'), false);
    assert.equal(matchesPattern('[a-z]', '[a-z]', '.'), true);
  });

  it('meets hostile values in linear time', () => {
    const pattern = `${'*a'.repeat(30)}*b`;
    const started = performance.now();
    assert.equal(matchesPattern(pattern, 'a'.repeat(60_000), '.'), false);
    assert.ok(performance.now() - started < 1000);
    assert.equal(matchesPattern(pattern, `${'a'.repeat(60_000)}b`, '.'), true);
  });
});

describe('a pattern of DNS names', () => {
  it('compares without case, on either side', () => {
    assert.equal(matchesDnsName('*.Foo.svc', 'API.foo.SVC'), true);
    assert.equal(matchesDnsName('api.foo.svc', 'api2.foo.svc'), false);
  });

  it('matches a wildcard name only where it is that very name', () => {
    assert.equal(matchesDnsName('*.foo.svc', '*.foo.svc'), true);
    assert.equal(matchesDnsName('*.*.svc', '*.foo.svc'), false);
    assert.equal(matchesDnsName('*.foo.svc', '*.FOO.svc'), true);
    assert.equal(matchesDnsName('*', '*.foo.svc'), false);
  });
});

describe('a pattern of URIs', () => {
  it('compares byte for byte, segment by segment', () => {
    assert.equal(matchesUri('https://a.example/*/x', 'https://a.example/b/x'), true);
    assert.equal(matchesUri('https://a.example/*/x', 'https://A.example/b/x'), false);
    assert.equal(matchesUri('https://a.example/*', 'https://a.example/'), false);
    assert.equal(matchesUri('https://a.example/*', 'https://a.example/b/c'), false);
  });

  it('in which a star stands for no dot of the host', () => {
    assert.equal(matchesUri('https://*.example/x', 'https://a.example/x'), true);
    assert.equal(matchesUri('https://*.example/x', 'https://a.b.example/x'), false);
    assert.equal(matchesUri('https://*/x', 'https://a.example/x'), false);
    assert.equal(matchesUri('https://a.example/*', 'https://a.example/b.c'), true, 'a segment of the path may have dots');
    assert.equal(matchesUri('urn:a:*', 'urn:a:b.c'), true, 'nor is there a host everywhere');
  });

  it('that can match nothing but itself is known as such', () => {
    for (const pattern of ['https://a.example/*?b', 'https://a.example/*/../b', 'https://*@a.example/b']) assert.deepEqual([isDeadUriPattern(pattern), matchesUri(pattern, pattern.replace('*', 'x'))], [true, false], pattern);
    for (const pattern of ['https://a.example/*', 'https://a.example/b?c']) assert.deepEqual([isDeadUriPattern(pattern), matchesUri(pattern, pattern.replace('*', 'x'))], [false, true], pattern);
  });

  it('matches nothing that another reader would normalise, but for its literal self', () => {
    for (const odd of ['https://a.example/%62', 'https://a.example/b?c', 'https://a.example/b#c', 'https://u@a.example/b', 'https://a.example/..', 'https://a.example/.', 'https://a.example/b\\c']) {
      assert.equal(matchesUri(odd.replace(/[^/]+$/, '*').replace('u@a.example', '*'), odd), false, odd);
      assert.equal(matchesUri(odd, odd), true, odd);
    }
    assert.equal(matchesUri('https://a.example/*', 'https://a.example/...'), true, 'three dots are a name');
  });
});
