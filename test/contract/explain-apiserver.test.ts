import { apiserverTarget } from './apiserver-target.ts';
import { explainContract } from './explain.contract.ts';

explainContract('explain on kube-apiserver', apiserverTarget);
