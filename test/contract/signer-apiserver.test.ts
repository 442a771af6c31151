import { apiserverTarget } from './apiserver-target.ts';
import { signerContract } from './signer.contract.ts';

signerContract('Signet on kube-apiserver', apiserverTarget);
