/** Certificates for tests, made by openssl in a folder that goes with the test: an authority, and what it has signed. Elliptic keys, made in no time. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { folderOf } from '../harness.js';

/** Files in PEM, and what is in them. */
export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** Signs a certificate. @param san as openssl writes it: 'DNS:a.example,IP:127.0.0.1' @param days from now on; below 0: expired */
  sign(name: string, san: string, days?: number): Certificate;
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}

function read(folder: string, name: string): Certificate {
  const certPath = join(folder, `${name}.crt`);
  const keyPath = join(folder, `${name}.key`);
  return { certPath, keyPath, cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
}

export function makeAuthority(t: Test): Authority {
  const folder = folderOf(t);
  const at = (name: string): string => join(folder, name);
  openssl('req', '-x509', ...EC, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', '/CN=Test authority', '-days', '30');
  const sign = (name: string, san: string, days = 30): Certificate => {
    openssl('req', ...EC, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/O=Test/CN=${name}`);
    writeFileSync(at(`${name}.ext`), `subjectAltName=${san}\n`);
    const files = ['-in', at(`${name}.csr`), '-out', at(`${name}.crt`), '-CA', at('ca.crt'), '-CAkey', at('ca.key')];
    openssl('x509', '-req', ...files, '-CAcreateserial', '-extfile', at(`${name}.ext`), '-days', String(days));
    return read(folder, name);
  };
  return { ...read(folder, 'ca'), sign };
}
