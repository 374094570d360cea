// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import { equal } from 'node:assert/strict';
import { homedir } from 'node:os';
import { fileName, resolvePath } from '../../../src/core/paths.ts';

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

describe('the name of a file for a title', () => {
  it('keeps the letters of all languages, and has nothing that a system gives a meaning', () => {
    for (const [title, name] of [
      ['MVMVS/JCPU', 'MVMVS-JCPU'],
      ['Aufträge', 'Aufträge'],
      ['注文の一覧', '注文の一覧'],
      ['GET /items{?x}', 'GET-items-x-'],
      ['a\\b:c*d"e<f>g|h\n', 'a-b-c-d-e-f-g-h-'],
      ['../..', '..-..'],
      ['x'.repeat(300), 'x'.repeat(100)],
      ['𠮷'.repeat(300), '𠮷'.repeat(100)],
      ['a\ud800b', 'a-b'],
    ] as const) {
      equal(fileName(title), name);
    }
  });
});
