// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import { equal } from 'node:assert/strict';
import { homedir } from 'node:os';
import { resolvePath } from '../../../src/core/paths.ts';

describe('paths of the settings', () => {
  const home = homedir();

  before(() => {
    process.env.TEST_CERTIFICATES = '/certs/$& of ~';
  });

  after(() => {
    delete process.env.TEST_CERTIFICATES;
  });

  it('the home folder and the environment are put in, and nothing else is touched', () => {
    for (const [written, path] of [
      ['~', home],
      ['~/ca.pem', `${home}/ca.pem`],
      ['~\\ca.pem', `${home}\\ca.pem`],
      ['${userHome}/ca.pem', `${home}/ca.pem`],
      ['${env:TEST_CERTIFICATES}/ca.pem', '/certs/$& of ~/ca.pem'],
      ['/x/${env:TEST_CERTIFICATES}${userHome}', `/x//certs/$& of ~${home}`],
      ['${env:TEST_NO_SUCH_NAME}/ca.pem', '${env:TEST_NO_SUCH_NAME}/ca.pem'],
      ['${workspaceFolder}/ca.pem', '${workspaceFolder}/ca.pem'],
      ['~someone/ca.pem', '~someone/ca.pem'],
      ['/a/~/ca.pem', '/a/~/ca.pem'],
      ['C:\\ca.pem', 'C:\\ca.pem'],
    ] as const) {
      equal(resolvePath(written), path);
    }
  });
});
