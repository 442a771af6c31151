import { apiserverTarget } from './apiserver-target.ts';
import { fairnessContract } from './fairness.contract.ts';

fairnessContract('What one tenant costs another, on kube-apiserver', apiserverTarget, { flood: Number(process.env['SIGNET_FLOOD'] ?? 600) });
