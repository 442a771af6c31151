import { kubernetesContract } from './kubernetes.contract.ts';
import { sandboxTarget } from './sandbox-target.ts';

kubernetesContract('the sandbox is a Kubernetes API', sandboxTarget);
