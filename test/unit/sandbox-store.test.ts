import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../src/sandbox/objects/object.ts';
import { createStore, type Change } from '../../src/sandbox/objects/store.ts';

function thing(name: string, value = ''): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name, uid: name, resourceVersion: '', creationTimestamp: '' }, value };
}

const names = (objects: readonly KubeObject[] | undefined) => objects?.map((object) => object.metadata.name);

describe('the store', () => {
  it('numbers every write with one counter, over all resources', () => {
    const store = createStore({ firstRevision: 10 });
    assert.equal(store.put('a', 'x', thing('x')).metadata.resourceVersion, '11');
    assert.equal(store.put('b', 'x', thing('x')).metadata.resourceVersion, '12');
    assert.equal(store.remove('a', 'x')?.metadata.resourceVersion, '13');
    assert.equal(store.revision(), 13);
  });

  it('takes equal content for no write at all, whatever resourceVersion it carries', () => {
    const store = createStore();
    const first = store.put('a', 'x', thing('x', '1'));
    assert.equal(store.put('a', 'x', thing('x', '1')), first);
    assert.notEqual(store.put('a', 'x', thing('x', '2')), first);
  });

  it('gives the changes since a revision, of one resource, in order', () => {
    const store = createStore();
    const start = store.revision();
    store.put('a', 'x', thing('x', '1'));
    store.put('b', 'y', thing('y'));
    store.put('a', 'x', thing('x', '2'));
    store.remove('a', 'x');
    assert.deepEqual(store.since('a', start)?.map(({ type }) => type), ['ADDED', 'MODIFIED', 'DELETED']);
    assert.deepEqual(store.since('a', start + 1)?.map(({ type }) => type), ['MODIFIED', 'DELETED']);
    assert.deepEqual(store.since('a', store.revision()), []);
  });

  it('shows a list as it was', () => {
    const store = createStore();
    store.put('a', 'x', thing('x'));
    store.put('a', 'y', thing('y'));
    const then = store.revision();
    store.remove('a', 'x');
    store.put('a', 'z', thing('z'));
    assert.deepEqual([names(store.at('a', then)), names(store.list('a'))], [['x', 'y'], ['y', 'z']]);
  });

  it('forgets the oldest changes beyond its history, and all of them when compacted', () => {
    const store = createStore({ history: 5 });
    const start = store.revision();
    for (let value = 0; value < 5; value += 1) store.put('a', 'x', thing('x', String(value)));
    assert.equal(store.since('a', start)?.length, 5);
    for (let value = 0; value < 20; value += 1) store.put('a', 'y', thing('y', String(value)));
    assert.deepEqual([store.since('a', start), store.at('a', start)], [undefined, undefined]);
    assert.ok((store.since('a', store.oldest())?.length ?? 0) >= 5);
    store.compact();
    assert.equal(store.since('a', store.revision() - 1), undefined);
    assert.deepEqual(store.since('a', store.revision()), []);
  });

  it('tells subscribers of a resource each change, until they leave', () => {
    const store = createStore();
    const heard: Change[] = [];
    const leave = store.subscribe('a', (change) => void heard.push(change));
    store.put('a', 'x', thing('x'));
    store.put('b', 'x', thing('x'));
    leave();
    store.put('a', 'y', thing('y'));
    assert.deepEqual(heard.map(({ object }) => object.metadata.name), ['x']);
  });
});
