import { namespacesContract } from './namespaces.contract.ts';
import { sandboxTarget } from './sandbox-target.ts';

namespacesContract('labels of namespaces on the sandbox', sandboxTarget);
