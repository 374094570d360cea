import assert from 'node:assert/strict';
import { freeName, readEntries } from '../../../../src/core/entries.ts';
import { describeRequest, fingerprint, lasting, parseQuery } from '../../../../src/core/requests/queries.ts';
import type { DataRequest } from '../../../../src/core/requests/request.ts';

const request: DataRequest = {
  connection: 'c',
  product: 'MVMVS',
  view: 'JCPU',
  rows: 5,
  session: 'id',
  show: true,
};

describe('saved queries', () => {
  it('are read together: what is wrong with which of them is told, and the others count', () => {
    const { values: queries, problems } = readEntries(
      [
        { name: 'a', request },
        7,
        { name: 'b', request: { connection: 'c', product: 'P' } },
        { name: ' a ', request },
        { name: 'd', request },
      ],
      parseQuery,
    );
    assert.deepEqual(
      queries.map(({ name }) => name),
      ['a', 'd'],
    );
    assert.deepEqual(
      problems.map(({ entry }) => entry),
      ['#2', 'b', 'a'],
    );
    assert.match(String(problems[1]?.reason.args?.[0]), /request/);
    assert.match(problems[2]?.reason.template ?? '', /taken/);
  });

  it('are read one by one; a bad one says why', () => {
    const read = parseQuery({ name: ' CPU ', request });
    assert.ok(read.ok);
    assert.equal(read.value.name, 'CPU');
    assert.deepEqual(read.value.request, { connection: 'c', product: 'MVMVS', view: 'JCPU', rows: 5 });
    assert.ok(parseQuery({ name: 'x', request: { connection: 'c', endpoint: 'E' } }).ok);
    for (const bad of [
      null,
      5,
      {},
      { name: '', request },
      { name: 'x' },
      { name: 'x', request: { connection: 'c' } },
    ]) {
      const parsed = parseQuery(bad);
      assert.ok(!parsed.ok && parsed.reason.template.length > 0);
    }
  });

  it('keep nothing of the moment', () => {
    assert.deepEqual(Object.keys(lasting(request)), ['connection', 'product', 'view', 'rows']);
    assert.equal(describeRequest(request), 'c · rows=5');
  });

  it('are the same whatever the order of their members', () => {
    const turned = { rows: 5, view: 'JCPU', product: 'MVMVS', connection: 'c' } as DataRequest;
    assert.equal(fingerprint(turned), fingerprint(request));
    assert.notEqual(fingerprint({ ...turned, rows: 6 } as DataRequest), fingerprint(request));
  });

  it('get a name of their own', () => {
    assert.equal(freeName('a', ['b']), 'a');
    assert.equal(freeName('a', ['a', 'a 2']), 'a 3');
  });
});
