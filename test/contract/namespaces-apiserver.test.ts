import { apiserverTarget } from './apiserver-target.ts';
import { namespacesContract } from './namespaces.contract.ts';

namespacesContract('labels of namespaces on kube-apiserver', apiserverTarget);
