import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { locate } from './build.ts';
import { cachedProgram } from './cache.ts';
import { atLeast, keyOf, partNames, parts } from './parts.ts';

describe('finding the real counterparts', () => {
  let dir: string;
  let env: NodeJS.ProcessEnv;
  const say = (line: string) => assert.fail(`nothing had to be built, and yet: ${line}`);
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'signet a space-'));
    for (const folder of ['path', 'assets', 'cache']) await mkdir(join(dir, folder));
    env = { PATH: join(dir, 'path'), XDG_CACHE_HOME: join(dir, 'cache') };
  });
  after(async () => rm(dir, { recursive: true }));
  const program = async (path: string, says: string) => {
    await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
    await chmod(path, 0o755);
  };

  it('lists every gap at once, each with its fix, before anything is begun', async () => {
    await assert.rejects(locate({ env, say }), ({ name, message }: Error) => {
      assert.equal(name, 'PrerequisiteError');
      assert.match(message, /- go is not on PATH; it builds .*istiod.*Install Go 1\.\d+/);
      assert.match(message, /- python3 with pip is not on PATH; .*put envoy on PATH/);
      return true;
    });
  });

  it('builds what only the benchmark needs when it is named, and not before', async () => {
    await assert.rejects(locate({ env, say }), ({ message }: Error) => !/cert-manager|controller-manager/.test(message));
    await assert.rejects(locate({ env, say, only: ['cert-manager-signer'] }), /Cannot build cert-manager-signer:.*go is not on PATH; it builds cert-manager-signer\./s);
  });

  it('has the controllers and the API server of one Kubernetes release', () => {
    assert.equal(parts['kube-controller-manager'].version, parts['kube-apiserver'].version);
  });

  it('takes an installed kube-apiserver that is recent enough, and not an older one', async () => {
    const [onPath, inAssets] = [join(dir, 'path', 'kube-apiserver'), join(dir, 'assets', 'kube-apiserver')];
    await program(onPath, 'Kubernetes v1.20.4');
    await assert.rejects(locate({ env, say, only: ['kube-apiserver'] }), /go is not on PATH/);
    await program(inAssets, 'Kubernetes v1.36.3');
    const found = await locate({ env: { ...env, KUBEBUILDER_ASSETS: join(dir, 'assets') }, say, only: ['kube-apiserver'] });
    assert.deepEqual(found['kube-apiserver'], { path: inAssets, version: '1.36.3', from: 'KUBEBUILDER_ASSETS' });
  });

  it('takes a finished build from the cache without go, python or a word', async () => {
    const path = cachedProgram(join(dir, 'cache', 'signet', 'controlplane'), parts.istiod);
    await mkdir(join(path, '..'), { recursive: true });
    await program(path, '');
    const { istiod } = await locate({ env, say, only: ['istiod'] });
    assert.deepEqual(istiod, { path, version: parts.istiod.version, from: 'cache' });
  });

  it('names a build after its sources and flags', () => {
    const keys = partNames.map((name) => keyOf(parts[name]));
    assert.equal(new Set(keys).size, keys.length);
    const { istiod } = parts;
    assert(istiod.source.kind === 'go');
    assert.equal(keyOf({ ...istiod }), keyOf(istiod));
    assert.notEqual(keyOf({ ...istiod, source: { ...istiod.source, ldflags: [] } }), keyOf(istiod));
    assert.notEqual(keyOf({ ...istiod, source: { ...istiod.source, beside: { module: 'istio.io/istio', folder: 'manifests' } } }), keyOf(istiod));
  });

  it('compares versions by number', () => {
    assert(atLeast('1.36', '1.9'));
    assert(atLeast('1.36.0', '1.36'));
    assert(atLeast('1.37.2+k3s1', '1.36'));
    assert(!atLeast('1.9.9', '1.36'));
    assert(!atLeast('1.32.4-dispatcher', '1.36'));
  });
});
