import { connect } from '../adapters/kubernetes/connection.ts';
import { createLog, LOG_LEVELS, type LogLevel } from '../adapters/log.ts';
import { startApp } from '../app.ts';
import { defineCommand } from './command.ts';
import { compileForBursts } from './engine.ts';
import { configOption, kubeconfigOption, loadConfig, namespaceOption, ownNamespace } from './options.ts';
import { release } from './release.ts';

export const command = defineCommand({
  name: 'run',
  summary: 'serve the configured signers of a cluster',
  help: `
Watches the cluster's CertificateSigningRequests, approves and signs those of the configured signers under their policies, and
publishes their trust bundles. Runs until SIGINT or SIGTERM; an API server that is away is waited for.

  signet run -c signet.yaml

Exit code 0: ended by a signal; 2: the configuration is not right, there is no cluster, or http.address is taken.`,
  options: {
    config: configOption,
    kubeconfig: kubeconfigOption,
    namespace: namespaceOption,
    'log-level': { type: 'string', choices: LOG_LEVELS, default: 'info', description: 'least level that is logged' },
    'log-format': { type: 'string', choices: ['json', 'text'], description: 'default text on a terminal, else json' },
  },
  run: async ({ values, env, stdout, now, signal }) => {
    const onIssued = compileForBursts();
    const config = await loadConfig({ config: values.config, env, signal });
    const format = (values['log-format'] ?? (stdout.isTTY ? 'text' : 'json')) as 'json' | 'text';
    const log = createLog({ write: (line) => stdout.write(line), now, level: (values['log-level'] ?? 'info') as LogLevel, format });
    const connection = await connect({ kubeconfig: values.kubeconfig, env, userAgent: `signet/${release.version}`, log });
    const namespace = await ownNamespace(values.namespace);
    const app = await startApp({ config, connection, namespace, version: release.version, log, now, onIssued }, signal);
    await app.ended;
    return 0;
  },
});
